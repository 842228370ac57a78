"""`tapeline watchlist`: the symbols that the producers share. Running a command again changes nothing.

The exit code is 1 if Kafka cannot be reached, and 2 if a symbol is not valid; then nothing was changed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from ports.watchlist_editor import WatchlistEditor

from .containers.commands import WatchlistContainer
from .output.watchlist_rows import coverage, coverage_lines, coverage_summary
from .runtime.commands import run
from .runtime.lifecycle import started
from .runtime.logs import configure_logs
from .settings.loader import app_command
from .settings.watchlist import WatchlistSettings


def symbols_in(text: str) -> list[str]:
    """Return the symbols of a file with one on each line; empty lines and lines that begin with # are ignored."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _change(settings: WatchlistSettings, change: Callable[[WatchlistEditor], Sequence[str]]) -> set[str]:
    try:
        with started(WatchlistContainer(settings=settings).editor()) as editor:
            return set(change(editor))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@click.group()
def watchlist() -> None:
    """Edit or show the symbols that the producers share."""
    configure_logs(level="error")


@app_command(WatchlistSettings, "add", table="watchlist")
@click.argument("symbols", nargs=-1, required=True)
def add(settings: WatchlistSettings, symbols: tuple[str, ...]) -> None:
    """Add SYMBOLS; producers cover them within seconds."""
    added = _change(settings, lambda editor: editor.add(symbols))
    for symbol in dict.fromkeys(symbols):
        click.echo(f"{symbol}: {'added' if symbol in added else 'was there'}")


@app_command(WatchlistSettings, "remove", table="watchlist")
@click.argument("symbols", nargs=-1, required=True)
def remove(settings: WatchlistSettings, symbols: tuple[str, ...]) -> None:
    """Remove SYMBOLS; producers unsubscribe from them within seconds."""
    removed = _change(settings, lambda editor: editor.remove(symbols))
    for symbol in dict.fromkeys(symbols):
        click.echo(f"{symbol}: {'removed' if symbol in removed else 'was not there'}")


@app_command(WatchlistSettings, "import", table="watchlist")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
def import_(settings: WatchlistSettings, file: Path) -> None:
    """Add the symbols of FILE, one on each line; # begins a comment; - is standard input. Other symbols stay on the list."""
    try:
        with click.open_file(str(file), encoding="utf-8") as lines:
            symbols = symbols_in(lines.read())
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read: {error}") from error
    added = _change(settings, lambda editor: editor.add(symbols))
    click.echo(f"{len(added)} added, {len(set(symbols)) - len(added)} were there")


@app_command(WatchlistSettings, "list", table="watchlist")
def list_(settings: WatchlistSettings) -> None:
    """Show the symbols, whether each is covered, and by which producer."""
    container = WatchlistContainer(settings=settings)
    with started(container.editor()) as editor:
        entries = editor.entries()
    instances = container.instances()
    rows = coverage(entries, instances)
    for line in coverage_lines(rows):
        click.echo(line)
    click.echo(coverage_summary(rows, instances), err=True)


for command in (add, remove, import_, list_):
    watchlist.add_command(command)


if __name__ == "__main__":
    run(watchlist, "tapeline watchlist")
