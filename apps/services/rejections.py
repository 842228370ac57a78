"""Dead letters counted by symbol, reason and time of rejection.

The payload of a letter is what was rejected: a record of a topic, one trade of a feed's frame, or a whole frame. A letter whose payload names no
symbol is counted as unattributed: it can be of any symbol. A letter whose trades a replay has published is no longer counted.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Self

import attrs

from domain.dead_letters import StoredLetter

_SYMBOL_FIELDS: Final = ("symbol", "s")
"""The name of the symbol in a record of a topic and in Finnhub's trade."""


@attrs.frozen(kw_only=True)
class Rejections:
    """The rejections that the dead-letter topic still holds."""

    known_from_ms: int
    """Letters from before this moment may have expired (ms since the epoch, UTC)."""
    found: Sequence[tuple[str, str, int]]
    """The symbol, empty where the letter names none, the reason, and the moment of the rejection."""

    @classmethod
    def of_letters(cls, letters: Iterable[StoredLetter], *, known_from_ms: int) -> Self:
        """Keep what is counted of the letters; a frame counts once for each of its symbols."""
        found = [
            (symbol, str(stored.letter.rejection.reason), stored.letter.rejected_ms)
            for stored in letters
            if not stored.is_replayed
            for symbol in _symbols(stored.letter.payload)
        ]
        return cls(known_from_ms=known_from_ms, found=found)

    def count(self, symbol: str, start_ms: int, end_ms: int) -> Mapping[str, int] | None:
        """Return the number of letters of a symbol by reason, rejected in [start_ms, end_ms). None where letters of that time may have expired."""
        if start_ms < self.known_from_ms:
            return None
        return Counter(
            reason for name, reason, moment_ms in self.found if name == symbol and start_ms <= moment_ms < end_ms
        )

    @property
    def unattributed(self) -> int:
        """The number of letters without a symbol."""
        return sum(not symbol for symbol, _, _ in self.found)


def _symbols(payload: bytes) -> frozenset[str]:
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return frozenset({""})
    return frozenset(_named(value)) or frozenset({""})


def _named(value: object) -> Iterator[str]:
    """Yield the symbol of a trade, or those of the trades of a frame."""
    if not isinstance(value, dict):
        return
    for name in _SYMBOL_FIELDS:
        if isinstance(value.get(name), str):
            yield value[name]
    data = value.get("data")
    for trade in data if isinstance(data, list) else ():
        if isinstance(trade, dict) and isinstance(trade.get("s"), str):
            yield trade["s"]
