"""Revisions of candles that a test puts in."""

from collections.abc import Iterator

from domain.candle_revision import CandleVersion


class GivenRevisions:
    """A `ports.revision_reader.RevisionReader` of what a test puts in."""

    def __init__(self) -> None:
        self.found: list[CandleVersion] = []

    def start(self) -> None:
        """Do nothing."""

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[CandleVersion]:
        for version in self.found:
            candle = version.candle
            if (candle.symbol, candle.window_ms) == (symbol, window_ms) and start_ms <= candle.window_start_ms < end_ms:
                yield version

    def close(self) -> None:
        """Do nothing."""
