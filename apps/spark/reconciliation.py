"""`tapeline reconcile`: recompute the candles of a day from its stored trades, report the differences, correct them, and store the candle of the day.

Only differences go to standard output; messages go to standard error. With --dry-run nothing is written, and the exit code is 1 if there are differences.
"""

import sys
from datetime import date

import click

from adapters.exchange_calendar.markets import calendar_of_symbol
from adapters.spark.daily_candles import store_daily_candles
from adapters.spark.preflight import check_tables, check_topics
from adapters.spark.reconciling import Difference, Request, Summary
from adapters.spark.reconciling import reconcile as reconcile_day
from adapters.system_clock import system_clock
from apps.output.difference_tables import difference_json, print_differences
from apps.output.time_args import day_callback
from apps.runtime.commands import run
from apps.runtime.logs import configure_logs
from apps.runtime.spark_session import connected_session
from apps.settings.loader import app_command, comma_separated
from apps.settings.reconcile import ReconcileOptions

_read_day = day_callback(system_clock)


@app_command(ReconcileOptions, "reconcile")
@click.option(
    "--day",
    callback=_read_day,
    required=True,
    help="The UTC day: a date, now, or a length of time ago (1d is yesterday)",
)
@click.option(
    "--symbol",
    "symbols",
    multiple=True,
    metavar="A,B,...",
    help="Only these; may be repeated  [default: all of the day]",
)
@click.option(
    "--written", callback=_read_day, help="For a replayed recording: the day of the replay  [default: the day itself]"
)
@click.option("--dry-run", is_flag=True, help="Write nothing; exit with 1 where there are differences")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="json is one object a line")  # fmt: skip
def reconcile(
    settings: ReconcileOptions,
    day: date,
    symbols: tuple[str, ...],
    written: date | None,
    dry_run: bool,
    form: str,
) -> None:
    """Recompute the candles of a day from the stored trades, report the differences, correct them, and store the candle of the day."""
    configure_logs()
    request = Request(
        day=day,
        symbols=tuple(sorted({name for text in symbols for name in comma_separated(text)})),
        margin_ms=settings.margin_s * 1000,
        written=written,
        dry_run=dry_run,
    )
    found: list[Difference] = []

    def report(difference: Difference) -> None:
        if form == "json":
            click.echo(difference_json(difference))
        else:
            found.append(difference)

    adapter = settings.adapter()
    session = connected_session(adapter, "tapeline-reconcile")
    try:
        check_tables(session, adapter)
        if adapter.publish_candles:
            check_topics(session, adapter, [adapter.candles_topic])
        summary = reconcile_day(session, adapter, request, report)
        days = 0 if dry_run else store_daily_candles(session, adapter, request, calendar_of_symbol)
    finally:
        session.stop()
    print_differences(found)
    click.echo(_words(day, summary, days, dry_run=dry_run), err=True)
    sys.exit(1 if dry_run and summary.differences else 0)


def _words(day: date, summary: Summary, days: int, *, dry_run: bool) -> str:
    text = (
        f"{day}: {summary.symbols} symbols, {summary.candles} candles of stored trades; "
        f"{summary.missing} missing, {summary.changed} changed, {summary.extra} extra"
    )
    return text if dry_run else f"{text}; {summary.written} written; {days} daily candles stored"


if __name__ == "__main__":
    run(reconcile, "tapeline reconcile")
