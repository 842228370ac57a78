"""Recorded frames, one a line, with the time at which each was sent."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_STAMP: Final = re.compile(rb'("t"\s*:\s*)([0-9]{1,15})(?![0-9.eE])')


def read_recording(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield each frame with the newest time in it (ms), or in the frame before. Raise OSError or EOFError for a file that is missing or cut."""
    clock_ms = 0
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            payload = line.strip()
            if payload:
                clock_ms = max((int(stamp) for _, stamp in _STAMP.findall(payload)), default=clock_ms)
                yield clock_ms, payload


def shift(payload: bytes, by_ms: int) -> bytes:
    """Return the frame with all its times shifted."""
    return _STAMP.sub(lambda match: match[1] + b"%d" % (int(match[2]) + by_ms), payload)


def mentions(payload: bytes, symbols: set[str]) -> bool:
    """Return whether a frame has a trade of one of the symbols, written the usual way."""
    return any(f'"{symbol}"'.encode() in payload for symbol in symbols)
