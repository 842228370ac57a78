"""Candles on a terminal: a table that is redrawn, or plain lines where standard output is not a terminal.

Symbols and error texts come from outside. They are shown as plain text: markup in them has no effect, and neither have control characters.
"""

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Protocol, Self

import attrs
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from domain.candle import Candle
from domain.decimals import SCALE, decimals, plain
from domain.window import MINUTE_MS, to_datetime

_WIDTHS: Final = {115: ("vwap", "updates"), 95: ("high", "low")}
"""The columns that a terminal narrower than this many characters does not show."""


@attrs.frozen(kw_only=True)
class Snapshot:
    """What a view shows at one moment."""

    title: str
    candles: Sequence[Candle]
    """The newest candle of each symbol."""
    facts: Mapping[str, str]
    """Rates, latencies, counts: name and text."""


class View(Protocol):
    """Show snapshots while the block is entered."""

    least_interval_s: float
    """The shortest interval between two snapshots that a reader can follow."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, snapshot: Snapshot) -> None:
        """Show this snapshot instead of the last one."""
        ...


def make_view() -> View:
    """Return the view that suits standard output."""
    return TableView() if sys.stdout.isatty() else LineView()


class TableView:
    """A table that is redrawn in place."""

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
        """Draw the snapshot over the last one."""
        self._live.update(_table(snapshot, self._console.width), refresh=True)


class LineView:
    """A line for each candle that changed since the last snapshot, and a line of figures."""

    least_interval_s = 2.0

    def __init__(self) -> None:
        self._shown: dict[str, Candle] = {}
        self._facts: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()

    def show(self, snapshot: Snapshot) -> None:
        """Print what changed."""
        for candle in snapshot.candles:
            if self._shown.get(candle.symbol) != candle:
                self._shown[candle.symbol] = candle
                print(_line(candle))
        if snapshot.facts != self._facts:
            self._facts = dict(snapshot.facts)
            print("# " + "  ".join(f"{name}: {printable(text)}" for name, text in self._facts.items()), flush=True)


def printable(text: str) -> str:
    """Return the text with a replacement character for each control character, so that it can neither break a line nor move the cursor."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _table(snapshot: Snapshot, width: int) -> Table:
    days = sorted({f"{to_datetime(candle.window_start_ms):%Y-%m-%d}" for candle in snapshot.candles})
    title = f"{snapshot.title}, {' and '.join(days)} UTC" if days else snapshot.title
    caption = "   ".join(f"{name} {text}" for name, text in snapshot.facts.items())
    # Rich reads markup in a str, and none in a Text.
    table = Table(title=Text(printable(title)), caption=Text(printable(caption)))
    headings = list(_cells(snapshot.candles[0])) if snapshot.candles else ["window", "symbol", "open", "close"]
    # A column less is better than digits cut off.
    hidden = {heading for least, names in _WIDTHS.items() if width < least for heading in names}
    headings = [heading for heading in headings if heading not in hidden]
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"window", "symbol"} else "right", no_wrap=True)
    for candle in snapshot.candles:
        cells = _cells(candle)
        style = "green" if candle.close >= candle.open else "red"
        table.add_row(*(Text(cells[heading]) for heading in headings), style=style)
    return table


def _cells(candle: Candle) -> dict[str, str]:
    start = to_datetime(candle.window_start_ms)
    # Two decimals more than the price are enough here; a file has all of them.
    vwap = "-" if candle.vwap is None else f"{candle.vwap:.{min(SCALE, decimals(candle.close) + 2)}f}"
    return {
        "window": f"{start:%H:%M}" if candle.window_ms % MINUTE_MS == 0 else f"{start:%H:%M:%S}",
        "symbol": printable(candle.symbol),
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
        f"{to_datetime(candle.window_start_ms):%Y-%m-%d %H:%M:%S}  {cells['symbol']:<18} o {cells['open']}  h {cells['high']}  "
        f"l {cells['low']}  c {cells['close']}  v {cells['volume']}  n {cells['trades']}  u {cells['updates']}  vwap {cells['vwap']}"
    )
