"""The queries of the dashboards, checked without the pipeline: they parse, and use documented metrics."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.alert_rules import metrics_documented, metrics_used, recorded
from tests.support.needs import path_of

from .boards import CASSANDRA, NAMES, PROMETHEUS, ROOT, read, substitute, targets, variables

CONSTANTS = {"__rate_interval": "1m", "__range": "30m", "instance": ".+", "driver": ".+"}


def documented() -> set[str]:
    """Return the metrics that the documentation lists, those of recording rules, and those that Prometheus makes."""
    of_machines = re.findall(r"^\| `(node_\w+)` \|", (ROOT / "docs" / "dashboards.md").read_text("utf-8"), re.MULTILINE)
    return metrics_documented() | recorded() | set(of_machines) | {"ALERTS", "up"}


def test_queries_use_documented_metrics_only() -> None:
    known = documented()
    unknown = {target.name: metrics_used(target.text) - known for target in targets(PROMETHEUS)}
    assert {name: names for name, names in unknown.items() if names} == {}
    for name in NAMES:
        for variable in variables(read(name)):
            if variable["type"] == "query":
                [metric] = re.findall(r"label_values\((\w+), instance\)", variable["query"]["query"])
                assert metric in known


def test_no_query_to_prometheus_names_a_symbol() -> None:
    assert [target.name for target in targets(PROMETHEUS) if "symbol" in target.text] == []


def test_graphs_of_single_instances_select_the_chosen_ones() -> None:
    """Except for metrics of a whole cluster or objective."""
    whole = re.compile(r"kafka_controller|kafka_log_|end_to_end|newest_stored")
    for target in targets(PROMETHEUS):
        graph = not target.query.get("instant")
        if graph and target.board in {"producer", "kafka", "spark", "cassandra"} and not whole.search(target.text):
            assert re.search(r'instance=~"\$(instance|driver)"', target.text), target.name


@pytest.mark.servers
@pytest.mark.needs("promtool")
def test_promtool_parses_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"q{number}", "expr": substitute(target.text, CONSTANTS)}
        for number, target in enumerate(targets(PROMETHEUS))
    ]
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}), "utf-8")
    result = subprocess.run(
        [path_of("promtool"), "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert f"{len(rules)} rules found" in result.stdout


def test_cql_selects_whole_partitions_and_casts_decimals() -> None:
    found = targets(CASSANDRA)
    assert len(found) >= 4
    for target in found:
        assert target.text.startswith("SELECT symbol, "), "the plugin makes a series of each value of the first column"
        assert "ALLOW FILTERING" not in target.text
        for column in ("symbol = ", "trade_year IN ", "trade_month IN ", "trade_day IN "):
            assert column in target.text
        assert "$__timeFrom" in target.text
        assert "$__timeTo" in target.text
        for column in ("open", "high", "low", "close", "volume", "vwap", "price"):
            selected = target.text.split(" FROM ")[0]
            assert not re.search(rf"(?<!CAST\()(?<!AS )\b{column}\b", selected), f"{target.name}: {column} is a decimal"
