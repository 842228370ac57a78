"""A candle store that notices which symbols it is given: the port does not list them, and the page wants to know what there is."""

from collections.abc import Iterable, Iterator, Sequence

from domain.candle import Candle
from ports.candle_store import CandleStore


class SymbolTrackingCandleStore:
    """A `ports.candle_store.CandleStore` in front of another. One thread writes, any thread reads."""

    def __init__(self, store: CandleStore) -> None:
        self._store = store
        self._symbols: dict[str, None] = {}

    @property
    def symbols(self) -> Sequence[str]:
        """The symbols that candles were written of, sorted."""
        return sorted(self._symbols.copy())

    def start(self) -> None:
        """Connect."""
        self._store.start()

    def write(self, candles: Iterable[Candle]) -> None:
        """Keep candles, and notice their symbols."""
        kept = list(candles)
        self._store.write(kept)
        self._symbols.update((candle.symbol, None) for candle in kept)

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Give what the store gives."""
        return self._store.read(symbol, start_ms, end_ms, window_ms)

    def close(self) -> None:
        """Let go of the connection."""
        self._store.close()
