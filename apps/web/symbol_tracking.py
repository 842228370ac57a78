"""A candle store that remembers the symbols written to it: the port does not list symbols, and the page of a recording needs the list."""

from collections.abc import Iterable, Iterator, Sequence

from domain.candle import Candle
from domain.candle_revision import RevisionReason
from ports.candle_history import CandleHistory


class SymbolTrackingCandleStore:
    """A decorator of `ports.candle_history.CandleHistory`. One thread writes, any thread reads."""

    def __init__(self, store: CandleHistory) -> None:
        self._store = store
        self._symbols: dict[str, None] = {}

    @property
    def symbols(self) -> Sequence[str]:
        """The symbols of all written candles, sorted."""
        return sorted(self._symbols.copy())

    def start(self) -> None:
        """Start the inner store."""
        self._store.start()

    def write(
        self, candles: Iterable[Candle], *, known_at_ms: int | None = None, reason: RevisionReason | None = None
    ) -> None:
        """Write candles to the inner store, and remember their symbols."""
        written = list(candles)
        self._store.write(written, known_at_ms=known_at_ms, reason=reason)
        self._symbols.update((candle.symbol, None) for candle in written)

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Return the candles of the inner store."""
        return self._store.read(symbol, start_ms, end_ms, window_ms)

    def read_as_of(self, symbol: str, start_ms: int, end_ms: int, window_ms: int, *, as_of_ms: int) -> Iterator[Candle]:
        """Return the candles that the inner store knew at a moment."""
        return self._store.read_as_of(symbol, start_ms, end_ms, window_ms, as_of_ms=as_of_ms)

    def close(self) -> None:
        """Close the inner store."""
        self._store.close()
