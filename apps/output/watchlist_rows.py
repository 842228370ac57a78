"""Who covers which symbol of the watchlist, as rows of text."""

from collections.abc import Iterable, Sequence
from typing import Final

from adapters.kafka.instances import Instance
from domain.watchlist import Entry, Share, share_of

Row = tuple[str, str, str]
_COUNTED: Final = {"covered": "covered", "waits": "wait for room", "nobody": "with nobody to cover them"}


def coverage(entries: Sequence[Entry], instances: Iterable[Instance]) -> list[Row]:
    """Return a row for each symbol: the symbol, whether it is covered, waits for room or has nobody, and the producer."""
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


def coverage_lines(rows: Sequence[Row]) -> list[str]:
    """Return a line of text for each row, in columns."""
    width = max((len(symbol) for symbol, _, _ in rows), default=0)
    return [f"{symbol:{width}}  {state:7}  {instance}".rstrip() for symbol, state, instance in rows]


def coverage_summary(rows: Sequence[Row], instances: Sequence[Instance]) -> str:
    """Return one line of counts."""
    states = [state for _, state, _ in rows]
    counts = ", ".join(f"{states.count(state)} {text}" for state, text in _COUNTED.items() if state in states)
    return f"{len(rows)} symbols{f': {counts}' if counts else ''}; {len(instances)} producers"
