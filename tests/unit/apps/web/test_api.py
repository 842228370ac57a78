"""The read API: symbols, its own description, and a store that cannot be read."""

from collections.abc import Iterator
from typing import Any

import httpx

from adapters.memory.stores import MemoryCandleStore
from apps.web.server import PageServer
from domain.candle import Candle
from ports.errors import StoreError
from tests.support.made_up_market import MadeUpMarket

from .api_client import await_symbols


def test_symbols_come_with_venue_and_newest_candle(client: httpx.Client) -> None:
    found = await_symbols(str(client.base_url))
    assert [(entry["symbol"], entry["venue"], entry["asset_class"]) for entry in found["symbols"]] == [
        ("AAPL", "US", "stock"),
        ("BINANCE:XRPETH", "BINANCE", "crypto"),
    ]
    assert found["symbols"][0]["candle"]["window_start"] == "2019-10-11T00:09:00+00:00"


def test_a_store_that_cannot_be_read_is_503_and_a_stage_that_is_down_until_it_is_back() -> None:
    class Breakable(MemoryCandleStore):
        broken = True

        def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
            if self.broken:
                raise StoreError("nobody at home")
            return super().read(symbol, start_ms, end_ms, window_ms)

    store = Breakable()
    with PageServer(MadeUpMarket().source(candles=store, poll_s=0.01), port=0) as server:
        answer = httpx.get(f"{server.url}/api/candles", params={"symbol": "A"})
        assert (answer.status_code, answer.json()) == (
            503,
            {"error": {"code": "store_not_readable", "message": "nobody at home"}},
        )
        assert await_store(server.url, "down")["detail"] == "nobody at home"
        store.broken = False
        assert await_store(server.url, "ok")


def test_the_api_describes_itself(client: httpx.Client) -> None:
    description = client.get("/api/openapi.json").json()
    assert set(description["paths"]) == {
        "/api/candles", "/api/gaps", "/api/trades", "/api/symbols", "/api/health", "/api/reports", "/api/stream",
    }  # fmt: skip
    names = {parameter["name"] for parameter in description["paths"]["/api/candles"]["get"]["parameters"]}
    assert names == {"symbol", "from", "to", "window", "hours", "as_of", "limit", "cursor"}


def await_store(url: str, state: str) -> dict[str, Any]:
    for _ in range(500):
        health = httpx.get(f"{url}/api/health").json()
        [stage] = [stage for stage in health["stages"] if stage["name"] == "Store"]
        if stage["state"] == state:
            return dict(stage)
    raise AssertionError(f"the store never became {state}")
