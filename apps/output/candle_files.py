"""Write candles to a file, .csv or .jsonl, as they become final: by window, then symbol."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from domain.candle import Candle
from domain.errors import TapelineError

from .tables import CANDLE_COLUMNS, candle_json, candle_row


class CandleFile:
    """Writes candles to a file, which it empties first. What is written survives an interrupted run."""

    def __init__(self, path: Path | None) -> None:
        """Take the path; None writes nothing. Raise TapelineError unless the path ends in .csv or .jsonl."""
        if path is not None and path.suffix not in {".csv", ".jsonl"}:
            raise TapelineError(f"{path}: candles are written as .csv or .jsonl")
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._path is None:
            return self
        with self._errors_in_words():
            self._file = self._path.open("w", encoding="utf-8", newline="")
            if self._path.suffix == ".csv":
                csv.writer(self._file, lineterminator="\n").writerow(CANDLE_COLUMNS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with self._errors_in_words():
                file.close()

    def write(self, candles: Iterable[Candle]) -> None:
        """Append candles. Raise TapelineError if they cannot be written, for example because the disk is full."""
        if self._path is None:
            return
        if self._file is None:
            raise TapelineError(f"{self._path}: not open")
        with self._errors_in_words():
            if self._path.suffix == ".csv":
                writer = csv.writer(self._file, lineterminator="\n")
                writer.writerows(candle_row(candle).values() for candle in candles)
            else:
                self._file.writelines(candle_json(candle) + "\n" for candle in candles)
            self._file.flush()

    @contextmanager
    def _errors_in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TapelineError(f"{self._path}: cannot be written: {error.strerror}") from error
