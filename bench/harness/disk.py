"""Bytes that the servers of the dev stack and the checkpoint take on disk."""

from collections.abc import Iterator
from pathlib import Path


def kafka_log_bytes(folder: Path) -> int:
    """Return the bytes of the logs of the topic `trades`, without indexes, because Kafka allocates those in advance."""
    return sum(file.stat().st_size for file in folder.glob("kafka-1/data/trades-*/*.log"))


def allocated(folder: Path) -> tuple[dict[str, int], int]:
    """Return the bytes that the checkpoint, Kafka and Cassandra take, by name, and the number of files in the checkpoint."""
    sizes = {}
    counts = {}
    for name, subfolder in {"checkpoint": "checkpoint", "Kafka": "kafka-1", "Cassandra": "cassandra-1"}.items():
        blocks = list(_block_bytes(folder / subfolder))
        sizes[name], counts[name] = sum(blocks), len(blocks)
    return sizes, counts["checkpoint"]


def _block_bytes(folder: Path) -> Iterator[int]:
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                # The blocks on the disk: some files are sparse, so their size is larger.
                yield file.stat().st_blocks * 512
        except FileNotFoundError:
            continue
