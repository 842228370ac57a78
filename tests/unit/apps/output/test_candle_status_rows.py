"""Candles with their status, as `query candles` shows them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.memory.event_store import MemoryEventStore
from apps.output.candle_status_rows import (
    COLUMNS,
    PERIOD_COLUMNS,
    period_rows,
    rows_of_all_windows,
    rows_with_status,
)
from apps.output.tables import json_line
from apps.services.coverage import Coverage
from apps.services.period_candles import FoundPeriod
from domain.official_prices import OfficialPrice, PriceSource
from domain.rollup import Period, PeriodCandle
from domain.session import SessionEvent, SessionEventKind
from domain.trade import TradeKey
from domain.window import MINUTE_MS
from tests.contract.stores import NOON_MS, make_candle

K = SessionEventKind
COMPLETE, PARTIAL, QUIET, DEAD = "complete", "partial", "no_trades", "not_connected"


def event(kind: SessionEventKind, at_ms: int, seen_ms: int, since_ms: int, session: str = "1") -> SessionEvent:
    return SessionEvent(
        instance="p",
        session=session,
        kind=kind,
        at_ms=at_ms,
        seen_ms=seen_ms,
        symbols={"AAPL": since_ms, "MSFT": since_ms},
    )


@pytest.fixture
def store() -> MemoryEventStore:
    """Connected from noon for 3 minutes and a half, and again in the seventh minute, still alive in the ninth."""
    store = MemoryEventStore()
    lost_ms = NOON_MS + 210_000
    resume_from_ms = NOON_MS + 6 * MINUTE_MS
    store.write(
        [
            event(K.SUBSCRIBED, NOON_MS, NOON_MS, NOON_MS),
            event(K.ALIVE, NOON_MS + 205_000, NOON_MS + 204_000, NOON_MS),
            event(K.DISCONNECTED, lost_ms, lost_ms, NOON_MS),
            event(K.ALIVE, resume_from_ms + 150_000, resume_from_ms + 149_000, resume_from_ms, "2"),
        ]
    )
    return store


def statuses(store: MemoryEventStore, minutes: list[int], *, now_ms: int, gaps: bool = True) -> dict[str, str]:
    candles = [make_candle("AAPL", NOON_MS + minute * MINUTE_MS) for minute in minutes]
    end_ms = NOON_MS + 20 * MINUTE_MS
    coverage = Coverage.read(store, "AAPL", NOON_MS, end_ms, now_ms=now_ms)
    rows = (
        rows_of_all_windows(candles, coverage, symbol="AAPL", start_ms=NOON_MS - 1, end_ms=end_ms, window_ms=MINUTE_MS)
        if gaps
        else rows_with_status(candles, coverage)
    )
    found = list(rows)
    assert all(tuple(row) == COLUMNS for row in found)
    return {row["window_start"][14:16]: row["status"] for row in found}


NOW_MS = NOON_MS + 8 * MINUTE_MS + 40_000


def test_each_window_says_whether_anything_was_missed(store: MemoryEventStore) -> None:
    assert statuses(store, [0, 2, 3, 7], now_ms=NOW_MS) == {
        "00": COMPLETE, "01": QUIET, "02": COMPLETE, "03": PARTIAL, "04": DEAD, "05": DEAD, "06": QUIET, "07": COMPLETE,
        "08": QUIET,
    }  # fmt: skip


def test_without_being_asked_only_candles_are_shown(store: MemoryEventStore) -> None:
    assert statuses(store, [0, 3], now_ms=NOW_MS, gaps=False) == {"00": COMPLETE, "03": PARTIAL}


def test_a_producer_that_tells_nothing_any_more_is_no_longer_believed(store: MemoryEventStore) -> None:
    found = statuses(store, [], now_ms=NOW_MS + 10 * MINUTE_MS)
    assert (found["07"], found["08"], found["09"]) == (QUIET, PARTIAL, DEAD)


def test_where_nothing_is_on_record_a_candle_has_no_status_and_an_empty_window_had_nobody() -> None:
    assert statuses(MemoryEventStore(), [1], now_ms=NOON_MS + 3 * MINUTE_MS) == {"00": DEAD, "01": "", "02": DEAD}


def test_a_window_without_a_candle_has_no_prices(store: MemoryEventStore) -> None:
    coverage = Coverage.read(store, "AAPL", NOON_MS, NOON_MS + MINUTE_MS, now_ms=NOW_MS)
    [row] = rows_of_all_windows([], coverage, symbol="AAPL", start_ms=NOON_MS, end_ms=NOON_MS + 1, window_ms=MINUTE_MS)
    assert json_line(row).endswith(
        '"eligible_close":null,"eligible_volume":null,"eligible_count":null,"eligible_vwap":null,"status":"no_trades"}'
    )


def test_a_change_of_symbols_later_in_the_hour_hides_nothing_of_what_was_seen_before() -> None:
    store = MemoryEventStore()
    dropped_ms, resume_from_ms, now_ms = (NOON_MS + minute * MINUTE_MS for minute in (30, 40, 59))
    store.write(
        [
            event(K.SUBSCRIBED, NOON_MS, NOON_MS, NOON_MS),
            event(K.ALIVE, dropped_ms - 5_000, dropped_ms - 5_000, NOON_MS),
            event(K.UNSUBSCRIBED, dropped_ms, dropped_ms, NOON_MS),
            event(K.SUBSCRIBED, resume_from_ms, resume_from_ms, resume_from_ms),
            event(K.ALIVE, now_ms, now_ms, resume_from_ms),
        ]
    )
    coverage = Coverage.read(store, "AAPL", NOON_MS, NOON_MS + 10 * MINUTE_MS, now_ms=now_ms)
    assert coverage.status(NOON_MS + 5 * MINUTE_MS, MINUTE_MS, trades=1) == COMPLETE


def test_a_day_has_its_date_and_its_official_prices() -> None:
    key = TradeKey(NOON_MS, "0000-00000000", Decimal("157.28"))
    day = FoundPeriod(
        candle=PeriodCandle(period=Period.DAY, start=date(2018, 1, 3), candle=make_candle("CAT", NOON_MS)),
        status=None,
        stored_days=1,
        official_open=None,
        official_close=OfficialPrice(key=key, source=PriceSource.OFFICIAL),
    )
    [row] = period_rows([day])
    assert tuple(row) == PERIOD_COLUMNS
    assert row["window_start"] == "2018-01-03"
    assert json_line(row).endswith(
        '"status":"","official_open":null,"official_open_source":"","official_close":157.28000000,"official_close_source":"official"}'
    )
