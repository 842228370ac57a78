"""Dead letters as rows of a table, lines of JSON, or one in full."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from domain.dead_letters import StoredLetter
from domain.window import to_datetime

from .tables import Row

LETTER_COLUMNS: Final = ("place", "rejected", "reason", "source", "attempts", "replayed", "detail", "payload")
_SHOWN: Final = 60


def letter_row(stored: StoredLetter) -> Row:
    """Return the row of a letter, with the beginning of its payload."""
    letter = stored.letter
    return {
        "place": stored.place,
        "rejected": to_datetime(letter.rejected_ms).isoformat(timespec="milliseconds"),
        "reason": str(letter.rejection.reason),
        "source": letter.source,
        "attempts": str(stored.attempts),
        "replayed": "yes" if stored.is_replayed else "no",
        "detail": letter.rejection.detail,
        "payload": _readable(letter.payload[:_SHOWN]) + ("..." if len(letter.payload) > _SHOWN else ""),
    }


def letter_json(stored: StoredLetter) -> str:
    """Return one JSON object with all of a letter; `payload` is text, with bytes that are not UTF-8 escaped."""
    row = dict(letter_row(stored))
    row["payload"] = _readable(stored.letter.payload)
    return json.dumps({**row, "attempts": stored.attempts, "replayed": stored.is_replayed})


def letter_lines(stored: StoredLetter) -> Iterator[str]:
    """Yield the lines that show a letter in full."""
    row = dict(letter_row(stored))
    row["payload"] = _readable(stored.letter.payload)
    width = max(map(len, row))
    yield from (f"{name:<{width}}  {text}" for name, text in row.items())


def reason_counts(letters: Sequence[StoredLetter]) -> str:
    """Return how many letters there are, and how many of each reason, in one line."""
    counts: dict[str, int] = {}
    for stored in letters:
        reason = str(stored.letter.rejection.reason)
        counts[reason] = counts.get(reason, 0) + 1
    parts = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))
    return f"{len(letters)} dead letters" + (f": {parts}" if parts else "")


def _readable(payload: bytes) -> str:
    return payload.decode("utf-8", errors="backslashreplace")
