"""A simulated Finnhub and the real WebSocket adapter connected to it, as one feed: what runs without a token."""

from collections.abc import Iterable

from adapters.finnhub.settings import FinnhubSettings
from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from domain.feed import FeedMessage
from ports.errors import FeedError


class SimulatedFeed:
    """A `ports.feed.Feed`. It starts the server, then a feed connected to the server's address, and closes both together."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self._server = SimulatedFinnhub(settings)
        self._symbols: tuple[str, ...] = ()
        self._feed: FinnhubFeed | None = None

    def start(self) -> None:
        """Start the server and the connection to it. Raise SimulatorError if the port is in use."""
        self._server.start()
        self._feed = FinnhubFeed(FinnhubSettings(url=self._server.url, token="simulated"))  # noqa: S106 - any will do
        self._feed.subscribe(self._symbols)
        self._feed.start()

    def subscribe(self, symbols: Iterable[str]) -> None:
        """Receive these symbols, and no others, from now on."""
        self._symbols = tuple(symbols)
        if self._feed is not None:
            self._feed.subscribe(self._symbols)

    def read(self, timeout_s: float) -> FeedMessage | None:
        """Return the next message. Raise FeedError before the start."""
        if self._feed is None:
            raise FeedError("the simulated feed is not started")
        return self._feed.read(timeout_s)

    def close(self) -> None:
        """Close the connection, then the server."""
        if self._feed is not None:
            self._feed.close()
        self._server.close()
