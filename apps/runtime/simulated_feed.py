"""A simulated Finnhub and the real WebSocket adapter connected to it, together one feed: what runs without a token."""

from collections.abc import Callable, Iterable

from adapters.simulator.server import SimulatedFinnhub
from domain.feed import FeedMessage
from ports.errors import FeedError
from ports.feed import Feed


class SimulatedFeed:
    """Starts the server, then connects a feed to its address; both end together."""

    def __init__(self, simulator: SimulatedFinnhub, connect: Callable[[str], Feed]) -> None:
        self._simulator = simulator
        self._connect = connect
        self._symbols: tuple[str, ...] = ()
        self._feed: Feed | None = None

    def start(self) -> None:
        """Start the server and the connection to it."""
        self._simulator.start()
        self._feed = self._connect(self._simulator.url)
        self._feed.subscribe(self._symbols)
        self._feed.start()

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Make these the symbols to receive."""
        self._symbols = tuple(symbols)
        if self._feed is not None:
            self._feed.subscribe(self._symbols)

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Give the next message. Raises FeedError before the start."""
        if self._feed is None:
            raise FeedError("the simulated feed is not started")
        return self._feed.read(timeout_s)

    def close(self) -> None:
        """End the connection, then the server."""
        if self._feed is not None:
            self._feed.close()
        self._simulator.close()
