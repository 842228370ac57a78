"""The ledger of the tables of days notices what it is for: each way of storing wrongly, done to rows that were right, fails. Without servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import attrs
import pytest

from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from apps.services.day_report_service import DayReportService
from apps.services.stored_day_summaries import StoredDaySummaries
from domain.candle import fold
from domain.day_report import DayReport
from domain.eligibility import eligibility_rules
from domain.rollup import DayHours
from domain.session import SessionEvent, SessionEventKind
from domain.trade import Trade, TradeKey
from domain.window import MINUTE_MS, day_start_ms
from tests.support.revisions import GivenRevisions
from tests.support.twins import domain_candles

from .day_ledger import DayTables, check_days
from .tape import SYMBOLS, Tape

DAY = date(2019, 10, 10)
"""A Thursday in summer time."""
ELIGIBILITY = eligibility_rules(NYSE.session)
HOUR_MS = 3_600_000


def some_trades(seed: int = 1) -> tuple[list[Trade], list[Trade]]:
    """Trades over two days, and a late one of each symbol."""
    tape = Tape(seed=seed, begin_ms=day_start_ms(DAY) - 6 * HOUR_MS)
    trades: list[Trade] = []
    for _ in range(36):
        trades += tape.trades(30)
        tape.skip(HOUR_MS)
    auction = attrs.evolve(trades[-1], symbol="MSFT", venue="US", asset_class="stock", conditions=("1", "36"))
    trades.append(attrs.evolve(auction, timestamp_ms=day_start_ms(DAY) + 20 * HOUR_MS + 7))
    begin_ms = day_start_ms(DAY) + 14 * HOUR_MS
    first = {trade.symbol: trade for trade in reversed(trades) if trade.timestamp_ms >= begin_ms}
    late = [attrs.evolve(trade, trade_id="0099-00000000") for trade in first.values()]
    return trades, late


def covered(symbol: str) -> list[SessionEvent]:
    """The heartbeats of a producer that received the symbol all the time."""
    ends = (day_start_ms(DAY) + hour * HOUR_MS for hour in range(28))
    return [
        SessionEvent(
            instance="p", session="1", kind=SessionEventKind.ALIVE, at_ms=end_ms, seen_ms=end_ms, symbols={symbol: 0}
        )
        for end_ms in ends
    ]


def right() -> DayTables:
    trades, late = some_trades()
    candles = list(fold(trades, MINUTE_MS, ELIGIBILITY).values())
    stores, kept, events = MemoryTradeStore(), MemoryCandleStore(), MemoryEventStore()
    stores.write(trades + late)
    kept.write(candles)
    events.write(event for symbol in SYMBOLS for event in covered(symbol))
    service = DayReportService(
        summaries=StoredDaySummaries(trades=stores, candles=kept, eligibility_of=ELIGIBILITY),
        events=events,
        revisions=GivenRevisions(),
        calendar_of=calendar_of_symbol,
    )
    end_ms = day_start_ms(DAY) + 30 * HOUR_MS
    made = list(service.judge(SYMBOLS, DAY, hours=DayHours.REGULAR, closed_ms=end_ms, now_ms=end_ms))
    return DayTables(
        trades=trades + late,
        candles=domain_candles(candles),
        reports=[one.report for one in made],
        days=[one.candle for one in made if one.candle is not None],
    )


RIGHT = right()


def with_report(tables: DayTables, **changes: object) -> DayTables:
    first, *rest = tables.reports
    return attrs.evolve(tables, reports=[attrs.evolve(first, **changes), *rest])  # type: ignore[arg-type]


def with_day(tables: DayTables, **changes: object) -> DayTables:
    first, *rest = tables.days
    return attrs.evolve(tables, days=[attrs.evolve(first, **changes), *rest])  # type: ignore[arg-type]


def with_candle_of_day(tables: DayTables, **changes: object) -> DayTables:
    return with_day(tables, candle=attrs.evolve(tables.days[0].candle, **changes))  # type: ignore[arg-type]


def first_of_arrival(tables: DayTables) -> TradeKey:
    symbol = tables.days[0].candle.symbol
    return [trade.key for trade in tables.trades if trade.symbol == symbol][5]


def twice(report: DayReport) -> DayReport:
    return attrs.evolve(report, trades=report.trades + 1)


WRONG: dict[str, Callable[[DayTables], DayTables]] = {
    "a report is lost": lambda t: attrs.evolve(t, reports=t.reports[1:]),
    "a report is invented": lambda t: attrs.evolve(t, reports=[*t.reports, attrs.evolve(t.reports[0], symbol="NVDA")]),
    "a report comes twice": lambda t: attrs.evolve(t, reports=[*t.reports, twice(t.reports[0])]),
    "a trade is not counted": lambda t: with_report(t, trades=t.reports[0].trades - 1),
    "an update is a trade": lambda t: with_report(t, trades=t.reports[0].trades + 1, updates=t.reports[0].updates - 1),
    "a difference is not seen": lambda t: with_report(
        t, stored=attrs.evolve(t.reports[0].stored, raw_differ=t.reports[0].stored.raw_differ - 1)
    ),
    "a late trade is not seen": lambda t: with_report(t, stored=attrs.evolve(t.reports[0].stored, late=0)),
    "a day is lost": lambda t: attrs.evolve(t, days=t.days[1:]),
    "a day is folded from the stream's candles": lambda t: with_candle_of_day(
        t, trade_count=t.days[0].candle.trade_count - 1
    ),
    "a day opens by arrival": lambda t: with_candle_of_day(t, open_key=first_of_arrival(t)),
    "a volume is rounded": lambda t: with_candle_of_day(t, volume=t.days[0].candle.volume + Decimal("1e-8")),
    "odd lots set prices": lambda t: with_candle_of_day(
        t, eligible=attrs.evolve(t.days[0].candle.eligible, high=t.days[0].candle.high + 1)
    ),
    "an official price is lost": lambda t: attrs.evolve(
        t, days=[attrs.evolve(day, official_close=None) for day in t.days]
    ),
    "the hours are those of another day": lambda t: with_candle_of_day(
        t, window_start_ms=t.days[0].candle.window_start_ms + HOUR_MS
    ),
    "a stored trade is lost after the report": lambda t: attrs.evolve(
        t, trades=[trade for trade in t.trades if trade.key != t.days[0].candle.close_key]
    ),
}


def test_what_is_right_passes() -> None:
    check_days(RIGHT, DAY)
    assert len(RIGHT.reports) == len(RIGHT.days) == len(SYMBOLS)
    assert any(day.official_close for day in RIGHT.days)
    assert {str(report.verdict) for report in RIGHT.reports} >= {"degraded"}


def test_rows_may_be_missing_of_a_run_that_was_killed_but_not_wrong() -> None:
    check_days(attrs.evolve(RIGHT, reports=RIGHT.reports[2:], days=RIGHT.days[1:]), DAY, is_whole=False)
    with pytest.raises(AssertionError):
        check_days(with_report(RIGHT, trades=7), DAY, is_whole=False)


@pytest.mark.parametrize("name", WRONG)
def test_it_notices_that(name: str) -> None:
    with pytest.raises(AssertionError):
        check_days(WRONG[name](RIGHT), DAY)
