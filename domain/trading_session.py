"""Trading sessions: in which part of an exchange's day a moment lies.

A trading day of a stock exchange has three sessions: pre-market, regular hours and post-market. Every other moment is closed: nights, weekends
and holidays. The hours of each day come from a calendar; this module holds the values that a calendar returns, and no dates.
"""

import enum
from collections.abc import Callable
from datetime import date
from typing import Final

import attrs


class TradingSession(enum.StrEnum):
    """A part of the exchange's day."""

    PRE = "pre"
    REGULAR = "regular"
    POST = "post"
    CLOSED = "closed"

    @property
    def is_extended(self) -> bool:
        """Whether it is pre-market or post-market."""
        return self is _PRE or self is _POST


# An enum looks its members up by a call, and this is asked for each trade that is Form T.
_PRE: Final = TradingSession.PRE
_POST: Final = TradingSession.POST

SessionOf = Callable[[int], TradingSession]
"""Returns the session of a moment, in milliseconds since the epoch, UTC. Total: a day that the calendar does not know is closed."""


@attrs.frozen(kw_only=True)
class TradingHours:
    """The sessions of one trading day. Times in milliseconds since the epoch, UTC; each session includes its start and excludes its end."""

    day: date
    """The date at the exchange."""
    pre_start_ms: int
    regular_start_ms: int
    regular_end_ms: int
    """Also the start of the post-market."""
    post_end_ms: int

    def __attrs_post_init__(self) -> None:
        if not self.pre_start_ms <= self.regular_start_ms < self.regular_end_ms <= self.post_end_ms:
            raise ValueError(f"the sessions of {self.day} are not in order")

    def session_at(self, moment_ms: int) -> TradingSession:
        """Return the session of a moment; closed where the moment is not in this day's sessions."""
        if not self.pre_start_ms <= moment_ms < self.post_end_ms:
            return TradingSession.CLOSED
        if moment_ms < self.regular_start_ms:
            return TradingSession.PRE
        return TradingSession.REGULAR if moment_ms < self.regular_end_ms else TradingSession.POST
