"""What a program gives to the live page it serves: stores, symbols, a time range, and the state of its stages."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from apps.observability.pipeline_stages import FiringAlert, Stage
from domain.window import MINUTE_MS
from ports.candle_history import CandleHistory
from ports.daily_candle_store import DailyCandleStore
from ports.event_store import EventStore
from ports.report_store import ReportStore
from ports.trade_store import TradeStore
from ports.trading_calendar import TradingCalendar

CalendarOf = Callable[[str], TradingCalendar]


@attrs.frozen(kw_only=True)
class Horizon:
    """The time range that the page watches, in milliseconds since the epoch: the last hours of a live store, or all of a recording."""

    lookback_ms: int = 24 * 60 * MINUTE_MS
    """How far back the first read of a symbol goes if `from_ms` is None."""
    from_ms: int | None = None
    to_ms: int | None = None

    @classmethod
    def everything(cls) -> "Horizon":
        """Return the longest range: for stores in memory, where a long range costs nothing."""
        return cls(from_ms=0, to_ms=1 << 53)

    def first_ms(self, now_ms: int) -> int:
        """Return the start of the first read of a symbol."""
        return now_ms - self.lookback_ms if self.from_ms is None else self.from_ms

    def resume_from_ms(self, now_ms: int, recent_ms: int) -> int:
        """Return the start of the next read of a symbol without candles: an earlier read found nothing before the last `recent_ms`."""
        return max(self.first_ms(now_ms), now_ms - recent_ms) if self.from_ms is None else self.from_ms

    def end_ms(self, now_ms: int) -> int:
        """Return the exclusive end of each read. One minute is added for clocks that run ahead."""
        return now_ms + MINUTE_MS if self.to_ms is None else self.to_ms


def no_stages() -> Sequence[Stage]:
    """Return no stages."""
    return ()


def no_alerts() -> Sequence[FiringAlert]:
    """Return no alerts."""
    return ()


@attrs.frozen(kw_only=True)
class PageSource:
    """The data behind one page. The caller starts and closes the stores; several threads read them."""

    candles: CandleHistory
    trades: TradeStore
    symbols: Callable[[], Sequence[str]]
    """The symbols to watch; called at each poll."""
    events: EventStore | None = None
    """The connection events of the feeds. Without them, gaps are unknown."""
    daily_candles: DailyCandleStore | None = None
    """The candles of days that are stored for good, if there are any."""
    reports: ReportStore | None = None
    """The reports of days, if there are any."""
    title: str
    """Where the prices come from, in a few words."""
    window_ms: int = MINUTE_MS
    """Length of the watched candles."""
    lateness_ms: int = MINUTE_MS
    """How long after the end of a window a late trade can still change its candle."""
    calendar_of: CalendarOf
    """Returns the calendar of a symbol's market."""
    horizon: Horizon = Horizon()
    is_recording: bool = False
    """Freshness and lag of a recording, measured against the present clock, have no meaning."""
    stages: Callable[[], Sequence[Stage]] = no_stages
    """The stages before the store that the program knows; called once a poll, in a worker thread."""
    alerts: Callable[[], Sequence[FiringAlert]] = no_alerts
    """The firing alerts, oldest first; called like `stages`."""
    links: Mapping[str, str] = attrs.field(factory=dict)
    """Addresses of monitoring pages by name. The page links to them, also when its own server is unavailable."""
    poll_s: float = 0.5
    """Seconds between two reads of the store."""
    stale_after_s: float = 30.0
    """Seconds without a newer trade after which the data counts as stale."""
    max_symbols: int = 500
    """Largest number of watched symbols."""
    max_watchers: int = 200
    """Largest number of open pages."""
