from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import pytest
from prometheus_client import CollectorRegistry

from adapters.prometheus.aggregator import AggregatorMetrics
from tests.support.scraping import Scrape, scrape

QUERIES = ("trades", "candles")


@attrs.frozen(kw_only=True)
class MicroBatch:
    query: str = "candles"
    records: int = 100
    seconds: float = 1.25
    offsets_behind: int = 0
    late_rows: int | None = None
    watermark: str | None = None
    state_updated_rows: int | None = None
    state_bytes: int | None = None
    phases_ms: Mapping[str, int] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class StoredBatch:
    rejected: int = 0
    unknown_conditions: int = 0
    newest_ms: int | None = None
    received: tuple[tuple[float, float], ...] = ()
    stored_ms: float = 0.0


class Bench:
    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0
        self.registry = CollectorRegistry()
        self.metrics = AggregatorMetrics(self.registry, QUERIES, now_s=lambda: self.now_s)

    def scrape(self) -> Scrape:
        return scrape(self.registry)


def value(bench: Bench, name: str, **labels: str) -> float:
    return bench.scrape().value(f"tapeline_aggregator_{name}", **labels)


def test_both_queries_are_exported_at_0_from_the_start() -> None:
    found = Bench().scrape()
    for name in ("rows_total", "batch_failures_total", "query_active", "offsets_behind"):
        assert found.labels(f"tapeline_aggregator_{name}", "query") == set(QUERIES)
        assert found.total(f"tapeline_aggregator_{name}") == 0
    assert found.value("tapeline_aggregator_end_to_end_latency_seconds_count") == 0


def test_a_micro_batch_counts_rows_and_time_by_phase() -> None:
    bench = Bench()
    bench.metrics.finished(MicroBatch(phases_ms={"addBatch": 900, "walCommit": 30}, offsets_behind=7))
    assert value(bench, "rows_total", query="candles") == 100
    assert value(bench, "offsets_behind", query="candles") == 7
    assert value(bench, "batch_seconds_sum", query="candles", phase="total") == 1.25
    assert value(bench, "batch_seconds_sum", query="candles", phase="add_batch") == 0.9
    assert value(bench, "batch_seconds_count", query="candles", phase="wal_commit") == 1
    assert value(bench, "batch_seconds_count", query="candles", phase="get_batch") == 0
    assert value(bench, "batch_seconds_count", query="trades", phase="total") == 0


def test_late_rows_add_up_and_state_is_the_latest() -> None:
    bench = Bench()
    for updated in (8, 3):
        bench.metrics.finished(MicroBatch(late_rows=2, state_updated_rows=updated, state_bytes=1000))
    assert value(bench, "late_rows_total") == 4
    assert value(bench, "state_updated_rows") == 3
    assert value(bench, "state_bytes") == 1000


def test_the_lag_of_the_watermark_grows_while_nothing_happens() -> None:
    bench = Bench()
    bench.metrics.finished(MicroBatch(watermark="2023-11-14T22:12:20.000Z"))  # a minute ago
    assert value(bench, "watermark_lag_seconds") == 60
    bench.now_s += 30
    assert value(bench, "watermark_lag_seconds") == 90


@pytest.mark.parametrize("watermark", [None, "1970-01-01T00:00:00.000Z"])
def test_there_is_no_lag_before_the_first_watermark(watermark: str | None) -> None:
    bench = Bench()
    bench.metrics.finished(MicroBatch(watermark=watermark))
    assert math.isnan(value(bench, "watermark_lag_seconds"))


def test_a_query_is_active_from_its_start_to_its_end() -> None:
    bench = Bench()
    bench.metrics.started("trades")
    assert value(bench, "query_active", query="trades") == 1
    assert value(bench, "query_active", query="candles") == 0
    bench.metrics.ended("trades", failed=True)
    assert value(bench, "query_active", query="trades") == 0
    assert value(bench, "batch_failures_total", query="trades") == 1


def test_a_query_that_is_stopped_has_not_failed() -> None:
    bench = Bench()
    bench.metrics.started("trades")
    bench.metrics.ended("trades", failed=False)
    assert value(bench, "batch_failures_total", query="trades") == 0


def test_an_idle_query_is_as_fresh_as_one_that_works() -> None:
    bench = Bench()
    bench.metrics.started("trades")
    for works in (False, True):
        bench.now_s += 20
        assert bench.metrics.seconds_since_batch("trades") == 20
        if works:
            bench.metrics.finished(MicroBatch(query="trades"))
        else:
            bench.metrics.idle("trades")
        assert bench.metrics.seconds_since_batch("trades") == 0
        assert value(bench, "last_batch_timestamp_seconds", query="trades") == bench.now_s


def test_a_query_that_does_not_run_has_no_age() -> None:
    assert Bench().metrics.seconds_since_batch("trades") is None


def test_end_to_end_latency_is_the_time_of_storing_minus_each_point_with_its_weight() -> None:
    bench = Bench()
    bench.metrics.stored(StoredBatch(stored_ms=10_000.0, received=((9_100.0, 30.0), (4_900.0, 10.0))))
    assert value(bench, "end_to_end_latency_seconds_bucket", le="1.0") == 30
    assert value(bench, "end_to_end_latency_seconds_bucket", le="5.0") == 30
    assert value(bench, "end_to_end_latency_seconds_bucket", le="5.5") == 40
    assert value(bench, "end_to_end_latency_seconds_sum") == pytest.approx(30 * 0.9 + 10 * 5.1)


def test_the_newest_stored_trade_never_goes_back() -> None:
    bench = Bench()
    for newest_ms in (5_000, 4_000, None):
        bench.metrics.stored(StoredBatch(newest_ms=newest_ms, rejected=2, unknown_conditions=3))
    assert value(bench, "newest_stored_timestamp_seconds") == 5
    assert value(bench, "rejected_total") == 6
    assert value(bench, "unknown_condition_trades_total") == 9
