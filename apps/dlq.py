"""`tapeline dlq list|show|replay`: the dead letters on their topic, and their way back into the pipeline.

Standard output has the letters or the report alone, and messages go to standard error. Listing changes nothing, and no consumer group notices it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from domain.dead_letters import LetterFilter, StoredLetter
from domain.rejection import Reason

from .containers.commands import DlqContainer
from .output.dead_letter_rows import LETTER_COLUMNS, letter_json, letter_lines, letter_row, reason_counts
from .output.row_printer import print_rows
from .output.time_args import moment_callback
from .runtime.commands import run
from .runtime.lifecycle import started
from .runtime.logs import configure_logs
from .services.dead_letter_replay import ReplayReport
from .settings.dlq import DlqSettings
from .settings.loader import app_command

F = TypeVar("F", bound=Callable[..., Any])

_read_moment = moment_callback(DlqContainer.clock())


def _filter_options(command: F) -> F:
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="At most this many letters, the oldest"),
        click.option("--to", "to_ms", callback=_read_moment, help="Rejected before this moment"),
        click.option("--from", "from_ms", callback=_read_moment, help="Rejected at this moment or later: a time, or 1h for an hour ago"),
        click.option("--source", default="", help="Only letters whose source begins with this, such as finnhub or trades/0/"),
        click.option("--reason", "reasons", multiple=True, type=click.Choice([str(reason) for reason in Reason]), help="Only letters of this reason; repeatable"),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def dlq() -> None:
    """List, show and replay dead letters."""
    configure_logs(level="error")


@app_command(DlqSettings, "list", table="dlq")
@_filter_options
@click.option("--all", "include_replayed", is_flag=True, help="Also letters that a replay has published")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_(settings: DlqSettings, include_replayed: bool, form: str, limit: int | None, **given: Any) -> None:
    """List the open dead letters, oldest first."""
    letters = _find(settings, _filter(given, include_replayed=include_replayed))
    shown = letters[:limit]
    if form == "json":
        for stored in shown:
            click.echo(letter_json(stored))
    else:
        print_rows(map(letter_row, shown), LETTER_COLUMNS, "table", None)
    click.echo(reason_counts(letters), err=True)


@app_command(DlqSettings, "show", table="dlq")
@click.argument("place")
def show(settings: DlqSettings, place: str) -> None:
    """Show the dead letter at PLACE, its partition/offset, in full."""
    found = [stored for stored in _find(settings, LetterFilter(include_replayed=True)) if stored.place == place]
    if not found:
        raise click.ClickException(f"no dead letter at {place}: `tapeline dlq list --all` lists their places")
    for line in letter_lines(found[0]):
        click.echo(line)


@app_command(DlqSettings, "replay", table="dlq")
@_filter_options
@click.option("--dry-run", is_flag=True, help="Publish nothing, and report what a replay would do")
def replay(settings: DlqSettings, dry_run: bool, limit: int | None, **given: Any) -> None:
    """Send dead letters through the intake again, by the rules of these settings, and publish the trades that pass."""
    container = DlqContainer(settings=settings)
    with started(container.reader()), started(container.publisher()):
        service = container.replay()
        report = service.replay(service.find(_filter(given))[:limit], dry_run=dry_run)
    click.echo(_summary(report, dry_run=dry_run))


dlq.add_command(list_)
dlq.add_command(show)
dlq.add_command(replay)


def _find(settings: DlqSettings, wanted: LetterFilter) -> list[StoredLetter]:
    container = DlqContainer(settings=settings)
    with started(container.reader()):
        return list(container.replay().find(wanted))


def _filter(given: dict[str, Any], *, include_replayed: bool = False) -> LetterFilter:
    reasons = frozenset(Reason(reason) for reason in given.pop("reasons"))
    return LetterFilter(reasons=reasons, include_replayed=include_replayed, **given)


def _summary(report: ReplayReport, *, dry_run: bool) -> str:
    rejected = ", ".join(f"{reason} {count}" for reason, count in sorted(report.rejected.items()))
    text = f"{report.letters} letters: {report.accepted} accepted ({report.trades} trades), {report.rejected.total()} rejected again"
    text += f" ({rejected})" if rejected else ""
    text += f", {report.exhausted} left alone after their last attempt" if report.exhausted else ""
    return f"dry run, nothing published: {text}" if dry_run else text


if __name__ == "__main__":
    run(dlq, "tapeline dlq")
