"""Candles on a terminal: a table that moves, or plain lines where nobody can see it move."""

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

import attrs
from rich.console import Console
from rich.live import Live
from rich.table import Table

from domain.candle import Candle
from domain.decimals import SCALE, decimals, plain
from domain.window import MINUTE_MS, to_datetime

_WIDTHS: Final = {115: ("vwap", "updates"), 95: ("high", "low")}
"""What is left out on terminals narrower than so many characters."""


@attrs.frozen(kw_only=True)
class Snapshot:
    """What to show at one moment."""

    title: str
    candles: Sequence[Candle]
    """The newest candle of each symbol."""
    facts: Mapping[str, str]
    """Rates, latencies, counts: name and text."""


class View(Protocol):
    """Shows snapshots while its block is entered."""

    least_interval_s: float
    """Snapshots that come faster are of no use to a reader."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, snapshot: Snapshot) -> None:
        """Show this from now on."""
        ...


def make_view() -> View:
    """Give the view that fits standard output."""
    return TableView() if sys.stdout.isatty() else LineView()


class TableView:
    """A table that is drawn over and over."""

    least_interval_s = 0.1

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._live = Live(console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the snapshot in place of the one before."""
        self._live.update(_table(snapshot, self._console.width), refresh=True)


class LineView:
    """One line for each candle that changed since it was last shown, and one for the figures."""

    least_interval_s = 2.0

    def __init__(self) -> None:
        self._shown: dict[str, Candle] = {}
        self._facts: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()

    def show(self, snapshot: Snapshot) -> None:
        """Print what is new."""
        for candle in snapshot.candles:
            if self._shown.get(candle.symbol) != candle:
                self._shown[candle.symbol] = candle
                print(_line(candle))
        if snapshot.facts != self._facts:
            self._facts = dict(snapshot.facts)
            print("# " + "  ".join(f"{name}: {text}" for name, text in self._facts.items()), flush=True)


def _table(snapshot: Snapshot, width: int) -> Table:
    days = sorted({f"{to_datetime(candle.window_start_ms):%Y-%m-%d}" for candle in snapshot.candles})
    title = f"{snapshot.title}, {' and '.join(days)} UTC" if days else snapshot.title
    table = Table(title=title, caption="   ".join(f"{name} {text}" for name, text in snapshot.facts.items()))
    headings = list(_cells(snapshot.candles[0])) if snapshot.candles else ["window", "symbol", "open", "close"]
    # Better a column less than digits cut off.
    too_much = {heading for least, names in _WIDTHS.items() if width < least for heading in names}
    headings = [heading for heading in headings if heading not in too_much]
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"window", "symbol"} else "right", no_wrap=True)
    for candle in snapshot.candles:
        cells = _cells(candle)
        style = "green" if candle.close >= candle.open else "red"
        table.add_row(*(cells[heading] for heading in headings), style=style)
    return table


def _cells(candle: Candle) -> dict[str, str]:
    start = to_datetime(candle.window_start_ms)
    # Two decimals more than prices have tell enough here; a file has all of them.
    vwap = "-" if candle.vwap is None else f"{candle.vwap:.{min(SCALE, decimals(candle.close) + 2)}f}"
    return {
        "window": f"{start:%H:%M}" if candle.window_ms % MINUTE_MS == 0 else f"{start:%H:%M:%S}",
        "symbol": candle.symbol,
        "open": plain(candle.open),
        "high": plain(candle.high),
        "low": plain(candle.low),
        "close": plain(candle.close),
        "volume": plain(candle.volume),
        "trades": str(candle.trade_count),
        "updates": str(candle.update_count),
        "vwap": vwap,
    }


def _line(candle: Candle) -> str:
    cells = _cells(candle)
    return (
        f"{to_datetime(candle.window_start_ms):%Y-%m-%d %H:%M:%S}  {candle.symbol:<18} o {cells['open']}  h {cells['high']}  "
        f"l {cells['low']}  c {cells['close']}  v {cells['volume']}  n {cells['trades']}  u {cells['updates']}  vwap {cells['vwap']}"
    )
