"""A candle store that remembers the symbols written to it: the port does not list symbols, and the page of a recording needs the list."""

from collections.abc import Iterable, Iterator, Sequence

from domain.candle import Candle
from ports.candle_store import CandleStore


class SymbolTrackingCandleStore:
    """A decorator of `ports.candle_store.CandleStore`. One thread writes, any thread reads."""

    def __init__(self, store: CandleStore) -> None:
        self._store = store
        self._symbols: dict[str, None] = {}

    @property
    def symbols(self) -> Sequence[str]:
        """The symbols of all written candles, sorted."""
        return sorted(self._symbols.copy())

    def start(self) -> None:
        """Start the inner store."""
        self._store.start()

    def write(self, candles: Iterable[Candle]) -> None:
        """Write candles to the inner store, and remember their symbols."""
        written = list(candles)
        self._store.write(written)
        self._symbols.update((candle.symbol, None) for candle in written)

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Return the candles of the inner store."""
        return self._store.read(symbol, start_ms, end_ms, window_ms)

    def close(self) -> None:
        """Close the inner store."""
        self._store.close()
