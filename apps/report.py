"""`tapeline report --day D`: what was received and stored of each symbol on a day, and a verdict.

Standard output has only the reports; messages go to standard error. The exit code is 0 if each verdict is `complete`, 1 if one is `degraded` or
`missing` or the report failed, and 2 for a wrong argument or a day that cannot be judged.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import click

from domain.day_report import DayReport, Verdict, worst
from domain.dead_letters import stored_letters
from domain.reconciliation import DayError, Retention, plan_day
from domain.rollup import DayHours
from domain.rules import DAY_MS
from domain.window import MINUTE_MS
from ports.errors import BrokerError

from .containers.commands import ReportContainer
from .output.report_rows import REPORT_COLUMNS, gap_lines, report_json, report_row
from .output.row_printer import print_rows
from .output.time_args import day_callback
from .runtime.commands import run
from .runtime.lifecycle import started
from .runtime.logs import configure_logs
from .services.day_report_service import JudgedDay
from .services.rejections import Rejections
from .settings.loader import app_command, comma_separated
from .settings.report import ReportSettings

_DAY_S: Final = DAY_MS // 1000


_read_day = day_callback(ReportContainer.clock())


@app_command(ReportSettings, "report")
@click.option(
    "--day",
    callback=_read_day,
    required=True,
    help="The day at the market: a date, now, or a length of time ago (1d is yesterday)",
)
@click.option(
    "--symbol",
    "symbols",
    multiple=True,
    metavar="A,B,...",
    help="Only these; may be repeated  [default: all of the day]",
)
@click.option(
    "--hours",
    type=click.Choice([str(hours) for hours in DayHours]),
    default=str(DayHours.REGULAR),
    show_default=True,
    help="The hours of an exchange's day in which trades are expected",
)
@click.option(
    "--written", callback=_read_day, help="For a replayed recording: the day of the replay  [default: the day itself]"
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="json is one object a line",
)
@click.option(
    "--store/--no-store",
    default=True,
    show_default=True,
    help="Store the reports in daily_reports and the candles of days that are over in daily_candles",
)
def report(
    settings: ReportSettings,
    day: date,
    symbols: tuple[str, ...],
    hours: str,
    written: date | None,
    form: str,
    store: bool,
) -> None:
    """Report on a day: coverage, gaps, trades, and whether the stored candles agree with the stored trades."""
    configure_logs(level="error")
    container = ReportContainer(settings=settings)
    now_ms = container.clock()()
    closed_ms = _closed_ms(settings, day, written, now_ms)
    names = sorted({name for text in symbols for name in comma_separated(text)}) or _symbols_of(container, day)
    if not names:
        click.echo(f"no trade, candle or event of a connection on {day}: name the symbols with --symbol", err=True)
        sys.exit(1)
    rejections = _rejections(container, settings, now_ms)
    with started(container.summaries()), started(container.stores.event_store()), started(container.revisions()):
        made = container.service().judge(
            names, day, hours=DayHours(hours), closed_ms=closed_ms, now_ms=now_ms, rejections=rejections
        )
        reports = [judged.report for judged in (_stored(container, made) if store else made)]
    _show(reports, form)
    sys.exit(0 if worst(found.verdict for found in reports) is Verdict.COMPLETE else 1)


def _closed_ms(settings: ReportSettings, day: date, written: date | None, now_ms: int) -> int:
    """Return the moment up to which the day can be judged. Raise click.UsageError if it cannot be judged at all."""
    try:
        plan = plan_day(
            day,
            written=written,
            now_ms=now_ms,
            window_ms=MINUTE_MS,
            behind_ms=settings.settle_s * 1000,
            # The report corrects nothing, so the retention of candles is no limit.
            retention=Retention(trades_s=settings.trades_kept_days * _DAY_S, candles_s=0),
        )
    except DayError as error:
        raise click.UsageError(str(error)) from error
    return plan.closed_ms


def _symbols_of(container: ReportContainer, day: date) -> list[str]:
    with started(container.symbol_index()) as index:
        return sorted(index.symbols(day))


def _rejections(container: ReportContainer, settings: ReportSettings, now_ms: int) -> Rejections | None:
    """Read the dead letters; None, with a message, if Kafka cannot be read."""
    try:
        with started(container.dead_letters()) as reader:
            letters = stored_letters(reader.read(settings.kafka.dead_letters_topic))
    except BrokerError as error:
        click.echo(f"rejected trades are not known: {error}", err=True)
        return None
    found = Rejections.of_letters(letters, known_from_ms=now_ms - settings.letters_kept_days * DAY_MS)
    if found.unattributed:
        click.echo(f"{found.unattributed} dead letters name no symbol: see `tapeline dlq list`", err=True)
    return found


def _stored(container: ReportContainer, days: Iterable[JudgedDay]) -> Iterator[JudgedDay]:
    with started(container.stores.report_store()) as reports, started(container.stores.daily_candle_store()) as candles:
        for judged in days:
            if judged.candle is not None:
                candles.write([judged.candle])
            reports.write([judged.report])
            yield judged


def _show(reports: list[DayReport], form: str) -> None:
    if form == "json":
        for found in reports:
            click.echo(report_json(found))
        return
    print_rows(map(report_row, reports), REPORT_COLUMNS, "table", None)
    for found in reports:
        for line in gap_lines(found):
            click.echo(line)


if __name__ == "__main__":
    run(report, "tapeline report")
