"""What the page needs of the program that serves it: stores, symbols, and where in time to look."""

import enum
from collections.abc import Callable, Mapping, Sequence

import attrs

from domain.window import MINUTE_MS
from ports.candle_store import CandleStore
from ports.event_store import EventStore
from ports.trade_store import TradeStore


class StageState(enum.StrEnum):
    """How a stage of the pipeline is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as it should, or nothing is known yet."""
    DOWN = "down"


@attrs.frozen(kw_only=True)
class Stage:
    """A stage of the pipeline at one moment."""

    name: str
    state: StageState
    detail: str = ""
    """A few words or figures, such as `connected` or `3 rejected`."""
    runbook: str = ""
    """The page of the documentation, below `docs`, that says what to do when it is not in order."""


@attrs.frozen(kw_only=True)
class FiringAlert:
    """An alert that was told and is not over."""

    name: str
    severity: str
    """`critical` or `warning`."""
    summary: str
    description: str
    since_ms: int
    runbook: str
    """The page that says what to do, below `docs`; empty where there is none."""


@attrs.frozen(kw_only=True)
class Horizon:
    """The span of time that is watched, in milliseconds since the epoch: of a live store the last hours, of a recording all of it."""

    lookback_ms: int = 24 * 60 * MINUTE_MS
    """How far back the first look at a symbol goes, where `from_ms` is not given."""
    from_ms: int | None = None
    to_ms: int | None = None

    @classmethod
    def everything(cls) -> "Horizon":
        """All that there is: for stores in memory, where a long span costs nothing."""
        return cls(from_ms=0, to_ms=1 << 53)

    def first_ms(self, now_ms: int) -> int:
        """Where the first look at a symbol begins."""
        return now_ms - self.lookback_ms if self.from_ms is None else self.from_ms

    def resume_from_ms(self, now_ms: int, recent_ms: int) -> int:
        """Where a look begins at a symbol that had nothing before: what is older than `recent_ms` was seen to be empty."""
        return max(self.first_ms(now_ms), now_ms - recent_ms) if self.from_ms is None else self.from_ms

    def end_ms(self, now_ms: int) -> int:
        """Where each look ends, itself left out; clocks that are a minute ahead are allowed for."""
        return now_ms + MINUTE_MS if self.to_ms is None else self.to_ms


def no_stages() -> Sequence[Stage]:
    """Say nothing about other stages."""
    return ()


def no_alerts() -> Sequence[FiringAlert]:
    """Say that nothing fires, where nobody watches."""
    return ()


@attrs.frozen(kw_only=True)
class PageSource:
    """All that the page is made of. The stores are started and closed by whoever made them, and are read from several threads."""

    candles: CandleStore
    trades: TradeStore
    symbols: Callable[[], Sequence[str]]
    """The symbols to watch, asked at each poll."""
    events: EventStore | None = None
    """Where the events of the feeds are kept; without them nothing is known of what was missed."""
    title: str
    """Where the prices come from, in a few words."""
    window_ms: int = MINUTE_MS
    """Length of the candles that are watched."""
    lateness_ms: int = MINUTE_MS
    """How long after a window's end late trades may still change its candle."""
    horizon: Horizon = Horizon()
    is_recording: bool = False
    """Of a recording, freshness and lag against our clock mean nothing."""
    stages: Callable[[], Sequence[Stage]] = no_stages
    """Stages before the store, as far as the program knows them; asked once a poll, in a worker thread."""
    alerts: Callable[[], Sequence[FiringAlert]] = no_alerts
    """What fires now, the oldest first; asked as the stages are."""
    links: Mapping[str, str] = attrs.field(factory=dict)
    """Pages of others that tell more, by name: shown as links, and named when this page's own server is gone."""
    poll_s: float = 0.5
    """Seconds between two reads of the store."""
    stale_after_s: float = 30.0
    """Seconds without a newer trade in the store after which its data counts as stale."""
    max_symbols: int = 500
    """No more symbols than these are watched."""
    max_watchers: int = 200
    """No more open pages than these are served at once."""
