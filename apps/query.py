"""`query candles|trades SYMBOL`: print what is stored, oldest first, as a table, CSV or JSON lines. Candles have a status that says if trades were missed.

Only rows go to standard output; messages go to standard error. No rows are no error. Rows of CSV and JSON are printed as they are read: a long span takes
no memory, and `| head` ends the program.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import attrs
import click

from domain.rollup import DayHours, Period
from domain.window import to_datetime

from .containers.shared import CassandraContainer
from .output.candle_status_rows import COLUMNS, PERIOD_COLUMNS, period_rows, rows_of_all_windows, rows_with_status
from .output.row_printer import print_rows
from .output.tables import (
    TRADE_COLUMNS,
    rows_of,
    trade_row,
)
from .output.time_args import moment_callback, window_callback
from .runtime.commands import run
from .runtime.lifecycle import started
from .runtime.logs import configure_logs
from .services.coverage import Coverage
from .settings.loader import app_command
from .settings.profiled import cassandra_settings
from .settings.query import QuerySettings

F = TypeVar("F", bound=Callable[..., Any])

_read_moment = moment_callback(CassandraContainer.clock())


def _span_options(command: F) -> F:
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="Print at most this many rows, the oldest"),
        click.option(
            "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True,
            help="json is one object a line",
        ),
        click.option(
            "--to", "end_ms", callback=_read_moment, default="now", show_default=True, help="End of the span, not included"
        ),
        click.option(
            "--from", "start_ms", callback=_read_moment, default="1h", show_default=True,
            help="Start of the span: a date or time, UTC if it has no zone, or a length of time ago (30m, 1h, 7d)",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _check_span(start_ms: int, end_ms: int) -> None:
    if start_ms > end_ms:
        raise click.UsageError("--from: must not be after --to")


@click.group()
def query() -> None:
    """Read candles and trades from Cassandra."""
    configure_logs(level="error")


@app_command(QuerySettings, "candles", table="query")
@click.argument("symbol")
@_span_options
@click.option(
    "--window",
    callback=window_callback,
    default="1m",
    show_default=True,
    help="Length of the candles: minutes or hours, or 1d, 1w, 1mo by the market's calendar",
)
@click.option(
    "--hours",
    type=click.Choice([str(hours) for hours in DayHours]),
    default=str(DayHours.REGULAR),
    show_default=True,
    help="Which hours of an exchange's day count, for 1d, 1w and 1mo",
)
@click.option(
    "--as-of",
    "as_of_ms",
    callback=_read_moment,
    help="Print the candles as they were known at this moment  [default: as they are now]",
)
@click.option(
    "--gaps",
    is_flag=True,
    help="Also print the windows without a candle, and whether the market was quiet or no producer connected",
)
def candles(
    settings: QuerySettings,
    symbol: str,
    start_ms: int,
    end_ms: int,
    form: str,
    limit: int | None,
    window: int | Period,
    hours: str,
    as_of_ms: int | None,
    gaps: bool,
) -> None:
    """Candles of SYMBOL whose windows start in the span, each with its status.

    Windows longer than a minute are rolled up from 1-minute candles. The candle of a day that is stored in daily_candles is read from there, with the
    official open and close of a stock.

    complete: no trade was missed. partial: a gap overlaps the window. no_trades: connected all the time, a quiet market. not_connected: no producer was
    connected. Empty if nothing is on record, as for a replay. The status is that of today, also with --as-of.
    """
    _check_span(start_ms, end_ms)
    if gaps and isinstance(window, Period):
        raise click.UsageError("--gaps is for windows of minutes or hours")
    if gaps and as_of_ms is not None:
        # A candle that was not known yet would be shown as a quiet market.
        raise click.UsageError("--gaps is not for --as-of: whether a window had trades is known as of today alone")
    container = CassandraContainer(settings=cassandra_settings(settings))
    # The candles of periods are read from the same store.
    with started(container.rollup_store(as_of_ms=as_of_ms)) as store, started(container.event_store()) as events:
        now_ms = container.clock()()
        if isinstance(window, Period):
            with started(container.daily_candle_store()):
                reader = container.period_candles(symbol=symbol, hours=DayHours(hours), now_ms=now_ms)
                if as_of_ms is not None:
                    # Of the candles of days, no versions are kept.
                    reader = attrs.evolve(reader, daily=None)
                periods = reader.read(start_ms, end_ms, window)
            if stored_days := sum(found.stored_days for found in periods):
                click.echo(
                    f"{stored_days} days are read from daily_candles, the others from 1-minute candles", err=True
                )
            columns, rows = PERIOD_COLUMNS, period_rows(periods)
        else:
            coverage = Coverage.read(events, symbol, start_ms, end_ms + window, now_ms=now_ms)
            found = store.read(symbol, start_ms, end_ms, window)
            columns, rows = COLUMNS, rows_with_status(found, coverage)
            if gaps:
                rows = rows_of_all_windows(
                    found, coverage, symbol=symbol, start_ms=start_ms, end_ms=end_ms, window_ms=window
                )
        count = print_rows(rows, columns, form, limit)
    _say_if_none(count, "candles", symbol, start_ms, end_ms)


@app_command(QuerySettings, "trades", table="query")
@click.argument("symbol")
@_span_options
def trades(settings: QuerySettings, symbol: str, start_ms: int, end_ms: int, form: str, limit: int | None) -> None:
    """Trades of SYMBOL in the span."""
    _check_span(start_ms, end_ms)
    with started(CassandraContainer(settings=cassandra_settings(settings)).trade_store()) as store:
        rows = rows_of(store.read(symbol, start_ms, end_ms), trade_row)
        count = print_rows(rows, TRADE_COLUMNS, form, limit)
    _say_if_none(count, "trades", symbol, start_ms, end_ms)


query.add_command(candles)
query.add_command(trades)


def _say_if_none(count: int, what: str, symbol: str, start_ms: int, end_ms: int) -> None:
    if not count:
        span = f"from {to_datetime(start_ms).isoformat()} to {to_datetime(end_ms).isoformat()}"
        click.echo(f"no {what} of {symbol} {span}", err=True)


if __name__ == "__main__":
    run(query, "tapeline query")
