"""Seeded frames as Finnhub sends them: 50 symbols of stocks, crypto and forex from the simulator's market.

A trade takes about 70 bytes in its frame and about 200 as a record on the topic.
"""

import time
from pathlib import Path
from typing import Final

from adapters.memory.partitioner import partition_of
from adapters.simulator.frames import FrameMaker
from adapters.simulator.market import Market
from adapters.simulator.quirks import Quirks

SYMBOLS: Final = 50
SEED: Final = 20_240_131


def symbols(count: int = SYMBOLS) -> list[str]:
    """Return `count` invented symbols: two fifths stocks, two fifths crypto, one fifth forex."""
    kinds = ("S{}", "S{}", "BINANCE:C{}USDT", "BINANCE:C{}USDT", "OANDA:F{}_USD")
    return [kinds[number % len(kinds)].format(_letters(number)) for number in range(count)]


def markers(partitions: int) -> list[str]:
    """Return one symbol for each partition of the topic, in the order of the partitions."""
    by_partition: dict[int, str] = {}
    for name in symbols():
        by_partition.setdefault(partition_of(name.encode(), partitions), name)
    assert len(by_partition) == partitions
    return [by_partition[partition] for partition in sorted(by_partition)]


def frames(trades: int, trades_per_frame: int, *, symbol_count: int = SYMBOLS, per_ms: float = 5.0) -> list[bytes]:
    """Return frames with `trades` trades in total. They end now and have `per_ms` trades per millisecond of event time."""
    names = symbols(symbol_count)
    maker = FrameMaker(Market(SEED), Quirks(), SEED)
    step_ms = trades_per_frame / per_ms
    count = trades // trades_per_frame
    first_ms = time.time() * 1000 - count * step_ms
    payloads = []
    for number in range(count):
        start_ms = first_ms + number * step_ms
        payloads.append(maker.make(names, trades_per_frame, start_ms, start_ms + step_ms)[-1].payload)
    return payloads


def write_frames(file: Path, payloads: list[bytes]) -> None:
    """Write frames to a file, one per line."""
    file.write_bytes(b"\n".join(payloads))


def read_frames(file: Path | str) -> list[bytes]:
    """Return the frames that `write_frames` wrote."""
    return Path(file).read_bytes().split(b"\n")


def _letters(number: int) -> str:
    """Return the number in base 26, with letters as digits: A, B … Z, BA."""
    text = ""
    while True:
        number, digit = divmod(number, 26)
        text = chr(65 + digit) + text
        if not number:
            return text
