import os
from pathlib import Path

from bench.harness.disk import allocated, kafka_log_bytes


def write(file: Path, size: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        # Random bytes, on the disk: some file systems compress, or allocate late.
        opened.write(os.urandom(size))
        opened.flush()
        os.fsync(opened.fileno())


def test_only_the_logs_of_the_topic_of_trades_are_counted(tmp_path: Path) -> None:
    data = tmp_path / "kafka-1" / "data"
    write(data / "trades-0" / "00.log", 100)
    write(data / "trades-1" / "00.log", 20)
    write(data / "trades-1" / "00.index", 1_000)
    write(data / "events-0" / "00.log", 1_000)
    assert kafka_log_bytes(tmp_path) == 120


def test_disk_space_is_that_of_the_allocated_blocks(tmp_path: Path) -> None:
    write(tmp_path / "kafka-1" / "full", 1_000_000)
    with (tmp_path / "kafka-1" / "sparse").open("wb") as file:
        file.truncate(100_000_000)
    write(tmp_path / "checkpoint" / "commits" / "0", 10)
    write(tmp_path / "checkpoint" / "commits" / "1", 10)
    sizes, files = allocated(tmp_path)
    assert 1_000_000 <= sizes["Kafka"] < 10_000_000
    assert sizes["Cassandra"] == 0
    assert files == 2
