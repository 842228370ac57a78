"""The sessions of one trading day, at their edges."""

from datetime import date

import pytest

from domain.trading_session import TradingHours, TradingSession

HOURS = TradingHours(day=date(2018, 1, 3), pre_start_ms=100, regular_start_ms=200, regular_end_ms=300, post_end_ms=400)


@pytest.mark.parametrize(
    ("moment_ms", "session"),
    [
        (99, TradingSession.CLOSED),
        (100, TradingSession.PRE),
        (199, TradingSession.PRE),
        (200, TradingSession.REGULAR),
        (299, TradingSession.REGULAR),
        (300, TradingSession.POST),
        (399, TradingSession.POST),
        (400, TradingSession.CLOSED),
    ],
)
def test_a_session_includes_its_start_and_excludes_its_end(moment_ms: int, session: TradingSession) -> None:
    assert HOURS.session_at(moment_ms) is session


def test_only_pre_and_post_are_extended() -> None:
    assert [session for session in TradingSession if session.is_extended] == [TradingSession.PRE, TradingSession.POST]


def test_sessions_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="2018-01-03"):
        TradingHours(day=date(2018, 1, 3), pre_start_ms=200, regular_start_ms=100, regular_end_ms=300, post_end_ms=400)
