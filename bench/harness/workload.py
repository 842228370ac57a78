"""Seeded frames as Finnhub sends them: 50 symbols, stocks, crypto and forex, of the simulator's market.

Two sizes are counted: a trade is about 70 bytes within its frame and about 200 as a record on the topic.
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
    """Make up symbols: two fifths stocks, two fifths crypto, one fifth forex."""
    kinds = ("S{}", "S{}", "BINANCE:C{}USDT", "BINANCE:C{}USDT", "OANDA:F{}_USD")
    return [kinds[number % len(kinds)].format(_letters(number)) for number in range(count)]


def markers(partitions: int) -> list[str]:
    """Choose one of the symbols for each partition of the topic."""
    found: dict[int, str] = {}
    for name in symbols():
        found.setdefault(partition_of(name.encode(), partitions), name)
    assert len(found) == partitions
    return [found[partition] for partition in sorted(found)]


def frames(trades: int, trades_a_frame: int, *, symbol_count: int = SYMBOLS, per_ms: float = 5.0) -> list[bytes]:
    """Make frames of so many trades altogether; they end now, with `per_ms` trades a millisecond of event time."""
    names = symbols(symbol_count)
    maker = FrameMaker(Market(SEED), Quirks(), SEED)
    step_ms = trades_a_frame / per_ms
    count = trades // trades_a_frame
    at_ms = time.time() * 1000 - count * step_ms
    made = []
    for number in range(count):
        begin_ms = at_ms + number * step_ms
        made.append(maker.make(names, trades_a_frame, begin_ms, begin_ms + step_ms)[-1].payload)
    return made


def write_frames(file: Path, payloads: list[bytes]) -> None:
    """Keep frames, one a line, for paths to read."""
    file.write_bytes(b"\n".join(payloads))


def read_frames(file: Path | str) -> list[bytes]:
    """Read back what `write_frames` wrote."""
    return Path(file).read_bytes().split(b"\n")


def _letters(number: int) -> str:
    """Write a number in letters: A, B … Z, BA."""
    text = ""
    while True:
        number, digit = divmod(number, 26)
        text = chr(65 + digit) + text
        if not number:
            return text
