"""The table of `tapeline stack`, over stores in memory."""

from __future__ import annotations

import attrs

from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from apps.local_stack.table import StoredTable
from apps.services.recording_summary import Recording
from domain.window import MINUTE_MS
from tests.contract.stores import NOON_MS, make_candle, make_trade


class Table:
    """A table that follows two symbols from noon on, on a clock that the test moves."""

    def __init__(self, recording: Recording | None = None) -> None:
        self.now_ms = NOON_MS
        self.candles, self.trades = MemoryCandleStore(), MemoryTradeStore()
        self.table = StoredTable(
            self.candles,
            self.trades,
            symbols=("AAPL", "MSFT"),
            window_ms=MINUTE_MS,
            lateness_ms=MINUTE_MS,
            recording=recording,
            now_ms=lambda: self.now_ms,
        )


def test_a_candle_that_changes_counts_once() -> None:
    world = Table()
    world.candles.write([make_candle("AAPL"), make_candle("MSFT")])
    world.table.refresh()
    world.candles.write([attrs.evolve(make_candle("AAPL"), trade_count=10)])
    world.now_ms += MINUTE_MS
    world.table.refresh()
    shown = world.table.snapshot()
    assert [candle.symbol for candle in shown.candles] == ["AAPL", "MSFT"]
    assert (shown.facts["trades in candles"], shown.facts["candles"]) == ("12", "2")


def test_a_candle_written_out_of_order_is_found_by_a_whole_refresh() -> None:
    world = Table()
    world.now_ms += 10 * MINUTE_MS
    world.candles.write([make_candle("AAPL", NOON_MS + 9 * MINUTE_MS)])
    world.table.refresh()
    world.candles.write([make_candle("AAPL", NOON_MS)])
    world.table.refresh()
    assert world.table.snapshot().facts["candles"] == "1"
    world.table.refresh(whole=True)
    assert world.table.snapshot().facts["candles"] == "2"


def test_of_a_recording_its_own_span_is_followed_and_summed_up() -> None:
    first_ms = NOON_MS - 1_000 * MINUTE_MS
    world = Table(Recording(symbols=("AAPL",), first_ms=first_ms, last_ms=first_ms + 5, trades=2))
    world.candles.write([make_candle("AAPL", first_ms), make_candle("AAPL", NOON_MS)])
    world.trades.write([make_trade("AAPL", first_ms), make_trade("AAPL", first_ms + 5)])
    assert [candle.window_start_ms for candle in world.table.all_candles()] == [first_ms]
    assert world.table.summary() == ("in Cassandra: 2 rows in trades_v2, 1 candles of 2 trades in trade_aggregates")
