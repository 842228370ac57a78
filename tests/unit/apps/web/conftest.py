"""A server of the page over a made-up recording, and a client of it."""

from collections.abc import Iterator

import httpx
import pytest

from apps.web.server import PageServer
from tests.support.made_up_market import MadeUpMarket

from .api_client import MIDNIGHT_MS


@pytest.fixture(scope="module")
def market() -> MadeUpMarket:
    """Two symbols with a trade every 20 seconds, for ten minutes from midnight UTC. Tests only read it."""
    market = MadeUpMarket(("AAPL", "BINANCE:XRPETH"))
    for symbol in market.symbols:
        for i in range(30):
            market.trade(symbol, MIDNIGHT_MS + i * 20_000)
    return market


@pytest.fixture(scope="module")
def client(market: MadeUpMarket) -> Iterator[httpx.Client]:
    """A client of the server that shows the market as a recording."""
    with PageServer(market.source(is_recording=True), port=0) as server, httpx.Client(base_url=server.url) as client:
        yield client
