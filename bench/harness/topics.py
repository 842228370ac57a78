"""Topics of seeded trades."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.harness.variants import Variant
from bench.harness.workload import SYMBOLS

PARTITIONS: Final = 4
_TIMEOUT_S: Final = 600.0


def fill(
    servers: str,
    topic: str,
    trades: int,
    folder: Path,
    *,
    symbols: int = SYMBOLS,
    partitions: int = PARTITIONS,
    variables: Mapping[str, str] | None = None,
) -> Path:
    """Create a topic and fill it with trades. Return the file of the candles that these trades make."""
    file = folder / f"{topic}.candles"
    args = (servers, topic, trades, symbols, partitions, file)
    Variant.of_program(topic, "fill_topic", *args, variables=variables).run(_TIMEOUT_S)
    return file
