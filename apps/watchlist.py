"""`tapeline watchlist`: which symbols the producers share out among themselves. Running a command again changes nothing.

Exit code 1, and a word about why, when Kafka cannot be reached; 2 when something is no symbol, and then nothing was changed.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import attrs
import click
import typed_settings as ts

from adapters.kafka.instances import Instance, describe_instances
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.watchlist_editor import KafkaWatchlistEditor
from domain.watchlist import Entry, Share, share_of

from .runtime.commands import run
from .runtime.logs import configure_logs
from .settings.loader import app_command
from .settings.options import KafkaOptions

Row = tuple[str, str, str]


@attrs.frozen(kw_only=True)
class WatchlistSettings:
    """`tapeline watchlist`."""

    kafka: KafkaOptions = ts.option(factory=KafkaOptions)


def symbols_in(text: str) -> list[str]:
    """Read one symbol a line; empty lines and those that begin with # do not count."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def coverage(entries: Sequence[Entry], instances: Iterable[Instance]) -> list[Row]:
    """Say of each symbol on the list whether it is covered, and by whom."""
    shares: list[tuple[Instance, Share]] = [
        (instance, share_of(entries, instance.partitions, len(entries) if instance.cap is None else instance.cap))
        for instance in instances
    ]
    covered = {symbol: instance for instance, share in shares for symbol in share.symbols}
    waiting = {symbol: instance for instance, share in shares for symbol in share.waiting}
    rows = []
    for symbol in sorted(entry.symbol for entry in entries):
        instance = covered.get(symbol) or waiting.get(symbol)
        state = "covered" if symbol in covered else "waits" if instance else "nobody"
        rows.append((symbol, state, f"{instance.name} on {instance.host}" if instance else ""))
    return rows


def _change(settings: KafkaSettings, change: Callable[[KafkaWatchlistEditor], Sequence[str]]) -> set[str]:
    try:
        with KafkaWatchlistEditor(settings) as editor:
            return set(change(editor))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@click.group()
def watchlist() -> None:
    """Say which symbols the producers share out among themselves."""
    configure_logs(level="error")


@app_command(WatchlistSettings, "add", table="watchlist")
@click.argument("symbols", nargs=-1, required=True)
def add(settings: WatchlistSettings, symbols: tuple[str, ...]) -> None:
    """Add SYMBOLS; producers cover them within seconds."""
    added = _change(settings.kafka.adapter(), lambda editor: editor.add(symbols))
    for symbol in dict.fromkeys(symbols):
        click.echo(f"{symbol}: {'added' if symbol in added else 'was there'}")


@app_command(WatchlistSettings, "remove", table="watchlist")
@click.argument("symbols", nargs=-1, required=True)
def remove(settings: WatchlistSettings, symbols: tuple[str, ...]) -> None:
    """Remove SYMBOLS; producers leave them within seconds."""
    removed = _change(settings.kafka.adapter(), lambda editor: editor.remove(symbols))
    for symbol in dict.fromkeys(symbols):
        click.echo(f"{symbol}: {'removed' if symbol in removed else 'was not there'}")


@app_command(WatchlistSettings, "import", table="watchlist")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
def import_(settings: WatchlistSettings, file: Path) -> None:
    """Add the symbols of FILE, one a line, # for remarks; - for standard input. Symbols that are not in it stay."""
    try:
        with click.open_file(str(file), encoding="utf-8") as lines:
            symbols = symbols_in(lines.read())
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} cannot be read: {error}") from error
    added = _change(settings.kafka.adapter(), lambda editor: editor.add(symbols))
    click.echo(f"{len(added)} added, {len(set(symbols)) - len(added)} were there")


@app_command(WatchlistSettings, "list", table="watchlist")
def list_(settings: WatchlistSettings) -> None:
    """Show the symbols, whether each is covered, and by which producer."""
    kafka = settings.kafka.adapter()
    with KafkaWatchlistEditor(kafka) as editor:
        entries = editor.entries()
    instances = describe_instances(kafka)
    rows = coverage(entries, instances)
    width = max((len(symbol) for symbol, _, _ in rows), default=0)
    for symbol, state, instance in rows:
        click.echo(f"{symbol:{width}}  {state:7}  {instance}".rstrip())
    states = [state for _, state, _ in rows]
    counts = ", ".join(f"{states.count(state)} {text}" for state, text in _STATES.items() if state in states)
    click.echo(f"{len(rows)} symbols{f': {counts}' if counts else ''}; {len(instances)} producers", err=True)


_STATES = {"covered": "covered", "waits": "wait for room", "nobody": "with nobody to cover them"}

for command in (add, remove, import_, list_):
    watchlist.add_command(command)


if __name__ == "__main__":
    run(watchlist, "tapeline watchlist")
