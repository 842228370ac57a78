"""Report the progress of a download: on a terminal one line that is rewritten, elsewhere a new line every few seconds.

- Several threads report to one `Progress`. A retry subtracts the bytes of the failed attempt.
- A cancel stops all downloads that report here, so that Ctrl-C does not wait for a slow network.
- Nothing is written when all files are in the cache.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

PLAIN_INTERVAL_S = 5.0
LINE_INTERVAL_S = 0.1


class Progress:
    """Counts the files and bytes of one download. Sizes are in bytes."""

    def __init__(self, *, label: str, files: int, size: int, out: TextIO | None = None) -> None:
        self._label, self._files, self._size = label, files, size
        self._out = sys.stderr if out is None else out
        self._live = self._out.isatty()
        self._lock = threading.Lock()
        self._done_files = self._done_bytes = 0
        self._started = self._written = 0.0
        self.cancelled = False

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._written = self._started
        self._write(f"{self._label}: downloading {self._files} jars, {self._size / 1e6:.0f} MB", end="\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            if self._live:
                self._write("", end="\n")
            return
        seconds = time.monotonic() - self._started
        self._write(f"{self._label}: {self._size / 1e6:.0f} MB in {seconds:.1f} s", end="\n")

    def add(self, size: int) -> None:
        """Add `size` bytes; a negative size subtracts a failed attempt."""
        with self._lock:
            self._done_bytes += size
            now = time.monotonic()
            if now - self._written >= (LINE_INTERVAL_S if self._live else PLAIN_INTERVAL_S):
                self._written = now
                rate = self._done_bytes / max(now - self._started, 1e-3) / 1e6
                self._write(
                    f"{self._label}: {self._done_files}/{self._files} jars, {self._done_bytes / 1e6:.0f}"
                    f" of {self._size / 1e6:.0f} MB, {rate:.1f} MB/s",
                    end="" if self._live else "\n",
                )

    def cancel(self) -> None:
        """Stop every download that reports here at its next chunk."""
        self.cancelled = True

    def file_done(self) -> None:
        """Count one finished file."""
        with self._lock:
            self._done_files += 1

    def _write(self, text: str, *, end: str) -> None:
        self._out.write(f"\r{text}\x1b[K{end}" if self._live else text + end)
        self._out.flush()


class FileProgress:
    """The part of one file in a `Progress`, with the interface that pooch expects of a progress bar."""

    def __init__(self, whole: Progress, size: int) -> None:
        self._whole, self._size = whole, size
        self._counted = 0
        self.total = 0  # pooch sets this to the server's Content-Length at the start of each attempt

    def update(self, size: int) -> None:
        """Add a chunk, up to the size of the file: pooch passes the chunk size, not the number of bytes read.

        Raises:
            InterruptedError: the download was cancelled.

        """
        if self._whole.cancelled:
            raise InterruptedError
        size = min(size, self._size - self._counted)
        self._counted += size
        self._whole.add(size)

    def reset(self) -> None:
        """Subtract the bytes that were counted for this file."""
        self._whole.add(-self._counted)
        self._counted = 0

    def close(self) -> None:
        """Do nothing: `Progress` writes the last line."""
