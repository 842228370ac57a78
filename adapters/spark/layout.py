"""The names of the streaming queries, and where the checkpoint folder keeps the files of each."""

from pathlib import Path
from typing import Final

VERSION: Final = "v2"
"""Part of every path: grouping keys and aggregates cannot change under a checkpoint. Raise it when they do."""

TRADES: Final = "trades"
CANDLES: Final = "candles"
EVENTS: Final = "events"
QUERIES: Final = (TRADES, CANDLES, EVENTS)
WRITTEN: Final = "written"
"""The folder, beside the checkpoints of the queries, that keeps the upper bound of the candles' write times."""


def path_within(checkpoint: str, name: str) -> str:
    """Return the path of a query's checkpoint, or of another entry, in the folder or URL `checkpoint`."""
    return f"{checkpoint.rstrip('/')}/{VERSION}/{name}"


def trade_checkpoints(checkpoint: Path) -> list[Path]:
    """Return the checkpoints of the queries that read trades, in a local checkpoint folder."""
    return [checkpoint / VERSION / query for query in (TRADES, CANDLES)]
