"""Recorded frames on disk: .jsonl or .jsonl.gz, one frame a line; blank lines are skipped."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from ports.errors import FeedError


class Recording:
    """An open file of frames, read line by line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: io.BufferedIOBase | None = None
        self._line = 0

    def open(self) -> None:
        """Open the file. Raise FeedError if it is missing or cannot be read."""
        try:
            compressed = self._path.suffix == ".gz"
            self._file = gzip.open(self._path, "rb") if compressed else self._path.open("rb")  # noqa: SIM115
        except OSError as error:
            raise FeedError(f"cannot read the recording {self._path}: {error.strerror or error}") from error

    def frames(self) -> Iterator[bytes]:
        """Yield the frames. Raise FeedError where the file is cut or damaged, after all frames before it, and if it has no frame at all."""
        is_empty = True
        while line := self._next_line():
            payload = line.strip()
            if payload:
                is_empty = False
                yield payload
        if is_empty:
            raise FeedError(f"the recording {self._path} is empty: it has no frame")

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _next_line(self) -> bytes:
        if self._file is None:
            return b""
        try:
            line = self._file.readline()
        except (EOFError, OSError, zlib.error) as error:
            raise FeedError(
                f"the recording {self._path} is cut or damaged after line {self._line}: {error}; all before was delivered"
            ) from error
        self._line += 1
        return line
