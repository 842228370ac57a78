"""A correction keeps the candle that it replaces as a revision."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pyspark.sql import DataFrame

from adapters.spark import reconciling
from adapters.spark.settings import AggregatorSettings
from adapters.spark.sinks import write_rows
from domain.candle_revision import RevisionReason
from tests.contract.stores import fresh_symbol

from .tables import Tables, candles_of, some_trades

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


def test_a_correction_keeps_the_candle_that_it_replaces(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol)
    tables.trades.write(trades)
    right = candles_of(trades)
    lacking = candles_of([one for one in trades if one != trades[7]])
    tables.candles.write([right[0]], known_at_ms=right[0].window_end_ms)
    tables.candles.write([lacking[1]], known_at_ms=lacking[1].window_end_ms + 5)
    begun_ms = time.time_ns() // 1_000_000
    tables.reconcile(symbol)

    assert tables.stored(symbol) == right
    after, before, added = tables.revisions(symbol)
    assert (before.candle, before.known_at_ms, before.reason) == (lacking[1], lacking[1].window_end_ms + 5, None)
    assert (after.candle, after.reason) == (right[1], RevisionReason.RECONCILE)
    assert (added.candle, added.reason) == (right[2], RevisionReason.RECONCILE)
    assert begun_ms <= after.known_at_ms == added.known_at_ms <= time.time_ns() // 1_000_000
    assert tables.as_of(symbol, begun_ms - 1) == [right[0], lacking[1]]
    assert tables.as_of(symbol, after.known_at_ms) == right
    tables.reconcile(symbol)
    assert tables.revisions(symbol) == [after, before, added]


def test_a_run_after_one_that_was_killed_before_its_candles_leaves_the_same_revisions(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 6)
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]))

    def killed(rows: DataFrame, settings: AggregatorSettings, table: str, **named: Any) -> None:
        if table == "trade_aggregates":
            raise KeyboardInterrupt
        write_rows(rows, settings, table, **named)

    with monkeypatch.context() as patch:
        patch.setattr(reconciling, "write_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            tables.reconcile(symbol)
    left = tables.revisions(symbol)
    assert [version.reason for version in left] == [RevisionReason.RECONCILE, None, RevisionReason.RECONCILE]
    tables.reconcile(symbol)
    assert tables.revisions(symbol) == left
    assert tables.stored(symbol) == candles_of(trades)
    assert tables.as_of(symbol, left[0].known_at_ms) == candles_of(trades)


def test_a_correction_is_known_later_than_the_candle_that_it_replaces(tables: Tables) -> None:
    symbol = fresh_symbol()
    trades = some_trades(symbol, 4)
    ahead_ms = time.time_ns() // 1_000_000 + 3_600_000
    tables.trades.write(trades)
    tables.candles.write(candles_of(trades[:3]), known_at_ms=ahead_ms)
    tables.reconcile(symbol)
    assert [version.known_at_ms for version in tables.revisions(symbol)] == [ahead_ms + 1, ahead_ms]
    assert tables.as_of(symbol, ahead_ms) == candles_of(trades[:3])
