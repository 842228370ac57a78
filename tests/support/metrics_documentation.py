"""The tables of docs/metrics.md."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
_ROW = re.compile(r"\| `(\w+)` \| (\w+) \|([^|]*)\|")
SECTIONS = {
    "producer": (
        "Every program",
        "Feed (producer, live)",
        "Publisher (producer, live)",
        "Kafka client (producer)",
        "Watchlist (producer)",
    ),
    "live": ("Every program", "Feed (producer, live)", "Publisher (producer, live)", "Stores (live)"),
    "aggregator": ("Every program", "Aggregator"),
    "page": ("Every program", "Reports (the live page)"),
}
"""The titles of each program's sections."""


@attrs.frozen
class Described:
    """A metric as the documentation or the code has it."""

    type: str
    words: frozenset[str]
    """The labels' names; in the documentation, also values."""


def documented(*sections: str) -> dict[str, Described]:
    """Return the rows of the sections with these titles."""
    found: dict[str, Described] = {}
    parts = re.split(r"^## ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for section in sections:
        [part] = [part for part in parts if part.startswith(f"{section}\n")]
        rows = _ROW.findall(part)
        assert rows, section
        for name, type_, labels in rows:
            assert name not in found
            found[name] = Described(type_, frozenset(re.findall(r"`([\w.-]+)`", labels)))
    return found
