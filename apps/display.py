"""Candles on a terminal: a table that moves, or plain lines where nobody can see it move."""

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

import attrs
from rich.console import Console
from rich.live import Live
from rich.table import Table

from domain.candle import Candle
from domain.decimals import plain
from domain.window import to_datetime


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
        self._live = Live(console=console or Console(), auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the snapshot in place of the one before."""
        self._live.update(_table(snapshot), refresh=True)


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


def _table(snapshot: Snapshot) -> Table:
    table = Table(
        title=snapshot.title,
        caption="   ".join(f"{name} {text}" for name, text in snapshot.facts.items()),
        expand=False,
    )
    table.add_column("window")
    table.add_column("symbol")
    for heading in ("open", "high", "low", "close", "volume", "trades", "vwap"):
        table.add_column(heading, justify="right")
    for candle in snapshot.candles:
        style = "green" if candle.close >= candle.open else "red"
        table.add_row(*_cells(candle), style=style)
    return table


def _cells(candle: Candle) -> list[str]:
    prices = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    count = str(candle.trade_count) + (f" (+{candle.update_count} upd)" if candle.update_count else "")
    vwap = "-" if candle.vwap is None else plain(candle.vwap)
    start = f"{to_datetime(candle.window_start_ms):%Y-%m-%d %H:%M:%S}"
    return [start, candle.symbol, *(plain(price) for price in prices), count, vwap]


def _line(candle: Candle) -> str:
    start, symbol, first, high, low, last, volume, count, vwap = _cells(candle)
    return f"{start}  {symbol:<18} o {first}  h {high}  l {low}  c {last}  v {volume}  n {count}  vwap {vwap}"
