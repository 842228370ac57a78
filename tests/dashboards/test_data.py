"""The queries of all panels on real servers: a Prometheus that scrapes the running pipeline, and the Cassandra that the pipeline fills."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.cassandra.session import CassandraSession
from devstack.stack import Stack
from tests.support.needs import MONITORING
from tests.support.timeouts import TIMEOUT_S, scaled

from .boards import CASSANDRA, PROMETHEUS, Target, read, substitute, targets, variables
from .running import SYMBOLS, Running, grafana_regex, pipeline, wait_until_scraped

pytestmark = [pytest.mark.servers, pytest.mark.needs(*MONITORING), pytest.mark.timeout(420)]

EMPTY_WITHOUT_FAILURES = {"overview: Firing alerts A"}
EMPTY_WITHOUT_A_REPORT = {"overview: Reported symbols A", "overview: Age of the newest report A"}
DATA_TIMEOUT_S = scaled(40.0)
"""Within this time after the first stored trade, each query has data."""


@pytest.fixture(scope="module")
def running(kafka_stack: Stack, cassandra_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pipeline(kafka_stack, cassandra_stack, tmp_path_factory.mktemp("dashboards")) as found:
        stored = "sum(tapeline_aggregator_end_to_end_latency_seconds_count) > 0"
        wait_until_scraped(lambda: bool(found.prometheus.instant(stored)), "trades are stored")
        yield found


def values(running: Running, board: str) -> dict[str, str]:
    """Return the values of a dashboard's variables as Grafana sets them if everything is selected."""
    found = {"__rate_interval": "15s", "__range": "5m"}
    for variable in variables(read(board)):
        if variable["type"] == "query":
            [metric] = re.findall(r"label_values\((\w+), instance\)", variable["query"]["query"])
            found[variable["name"]] = grafana_regex(running.prometheus.instances(metric))
    return found


def series(running: Running, target: Target) -> list[dict[str, Any]]:
    """Run a query as its panel does, and return the series that contain a number."""
    expr = substitute(target.text, values(running, target.board))
    if target.query.get("instant"):
        found = [(one, [one["value"]]) for one in running.prometheus.instant(expr)]
    else:
        found = [(one, one["values"]) for one in running.prometheus.range(expr)]
    return [one for one, samples in found if any(math.isfinite(float(sample)) for _, sample in samples)]


def test_every_query_to_prometheus_returns_data_with_the_labels_of_its_legend(running: Running) -> None:
    waiting = {target.name: target for target in targets(PROMETHEUS)}
    expected = EMPTY_WITHOUT_FAILURES | EMPTY_WITHOUT_A_REPORT
    nameless = {}
    deadline = time.monotonic() + DATA_TIMEOUT_S
    while waiting.keys() - expected and time.monotonic() < deadline:
        for name, target in list(waiting.items()):
            found = series(running, target)
            if found:
                del waiting[name]
                wanted = set(re.findall(r"\{\{(\w+)\}\}", target.query["legendFormat"]))
                if any(not wanted <= one["metric"].keys() for one in found):
                    nameless[name] = wanted
        time.sleep(1)
    assert (waiting.keys() - expected, nameless) == (set(), {})


def test_the_list_of_alerts_shows_a_firing_alert(running: Running) -> None:
    """Without a failure the list is empty, so the query gets an alert that always fires."""
    for target in targets(PROMETHEUS):
        if target.name in EMPTY_WITHOUT_FAILURES:
            expr = target.text.replace(
                'ALERTS{alertstate="firing"}', 'label_replace(vector(1), "alertname", "X", "", "")'
            )
            assert running.prometheus.instant(expr)


def test_every_stage_is_green(running: Running) -> None:
    stages = [target for target in targets(PROMETHEUS) if target.board == "overview" and target.panel == "Stages"]
    assert len(stages) == 5

    def red() -> list[str]:
        return [
            target.query["legendFormat"]
            for target in stages
            if [float(one["value"][1]) for one in running.prometheus.instant(target.text)] != [1.0]
        ]

    wait_until_scraped(lambda: not red(), "every stage is green", TIMEOUT_S)


def grafana_times(from_ms: int, to_ms: int) -> dict[str, str]:
    """Return times as Grafana and the plugin write them into CQL: parts of the date, and milliseconds."""
    found = {"__timeFrom": str(from_ms), "__timeTo": str(to_ms)}
    for name, time_ms in (("__from", from_ms), ("__to", to_ms)):
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
        found |= {f"{name}:date:YYYY": str(moment.year), f"{name}:date:M": str(moment.month)}
    return found


def read_rows(session: CassandraSession, cql: str) -> list[dict[str, Any]]:
    result = session.driver.execute(cql)
    return [dict(zip(result.column_names, row, strict=True)) for row in result]


def test_every_query_to_cassandra_returns_rows_of_types_that_the_plugin_supports(running: Running) -> None:
    now_ms = time.time_ns() // 1_000_000
    times = grafana_times(now_ms - 3 * 3_600_000, now_ms)
    with CassandraSession(running.cassandra) as session:
        session.driver.set_keyspace(running.cassandra.keyspace)
        for symbol in SYMBOLS:
            for target in targets(CASSANDRA):
                cql = substitute(target.text, {**times, "symbol:singlequote": f"'{symbol}'", "window": "60000"})
                rows = read_rows(session, cql)
                assert rows, target.name
                for row in rows:
                    assert row["symbol"] == symbol
                    # The plugin drops columns of other types, including decimals.
                    kinds = {type(value) for value in row.values()} - {type(None)}
                    assert kinds <= {str, float, int, datetime}, target.name


def test_candles_are_found_on_both_sides_of_the_end_of_a_month(running: Running) -> None:
    """A time range may include the last day of December and the first day of January."""
    [target, *_] = [target for target in targets(CASSANDRA) if "CAST(open" in target.text]
    new_year_ms = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    starts = [new_year_ms - 60_000, new_year_ms]
    with CassandraSession(running.cassandra) as session:
        session.driver.set_keyspace(running.cassandra.keyspace)
        for start, day in zip(starts, ((2025, 12, 31), (2026, 1, 1)), strict=True):
            insert = (
                "INSERT INTO trade_aggregates (symbol, trade_year, trade_month, trade_day, window_ms, window_start, open)"
                " VALUES (%s, %s, %s, %s, 60000, %s, 1)"
            )
            session.driver.execute(insert, ("EVE", *day, start))
        shown = {"symbol:singlequote": "'EVE'", "window": "60000"}
        cql = substitute(target.text, {**grafana_times(new_year_ms - 3_600_000, new_year_ms + 3_600_000), **shown})
        found = [row["window_start"].replace(tzinfo=UTC).timestamp() * 1000 for row in read_rows(session, cql)]
    assert sorted(found) == starts
