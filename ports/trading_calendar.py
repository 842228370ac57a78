"""Port: when a market trades."""

from datetime import date
from typing import Protocol

from domain.trading_session import TradingHours, TradingSession


class TradingCalendar(Protocol):
    """Knows the trading hours of one market. Both calls are total, do no I/O and may come from any thread."""

    def session(self, moment_ms: int) -> TradingSession:
        """Return the session of a moment, in milliseconds since the epoch, UTC. A day that the calendar does not know is closed."""
        ...

    def hours(self, day: date) -> TradingHours | None:
        """Return the hours of a trading day, by its date at the market. Return None for a day without trading and for one that is not known."""
        ...
