"""Pages of the read API join to the whole, and a cursor is good for its own query alone."""

import base64
import json

import httpx

from apps.web.server import PageServer
from tests.support.made_up_market import MadeUpMarket

from .api_client import MIDNIGHT_MS, SPAN, pages


def test_pages_join_to_the_whole_for_any_size(client: httpx.Client) -> None:
    for what in ("candles", "trades"):
        [whole] = pages(client, what, symbol="AAPL", **SPAN)
        for limit in (1, 3, 7, len(whole)):
            parts = pages(client, what, symbol="AAPL", limit=limit, **SPAN)
            assert [row for part in parts for row in part] == whole
            assert all(len(part) <= limit for part in parts)


def test_pages_neither_repeat_nor_skip_while_new_trades_come_even_in_the_same_millisecond() -> None:
    market = MadeUpMarket(("AAPL",))
    for _ in range(5):
        market.trade("AAPL", MIDNIGHT_MS)
    with PageServer(market.source(), port=0) as server, httpx.Client(base_url=server.url) as client:
        query: dict[str, str | int] = {"symbol": "AAPL", "limit": 3, **SPAN}
        first = client.get("/api/trades", params=query).json()
        # Behind the reader's place, at it, and ahead of it.
        market.trade("AAPL", MIDNIGHT_MS - 1)
        market.trade("AAPL", MIDNIGHT_MS)
        market.trade("AAPL", MIDNIGHT_MS + 5)
        rest = pages(client, "trades", cursor=first["next_cursor"], symbol="AAPL", limit=3)
    ids = [row["trade_id"] for row in [*first["trades"], *(row for part in rest for row in part)]]
    assert ids == ["00000001", "00000002", "00000003", "00000004", "00000005", "00000007", "00000008"]


def test_a_cursor_is_good_for_what_it_was_given_for_alone(client: httpx.Client) -> None:
    cursor = client.get("/api/trades", params={"symbol": "AAPL", "limit": 1, **SPAN}).json()["next_cursor"]
    other = client.get("/api/trades", params={"symbol": "MSFT", "cursor": cursor})
    assert (other.status_code, "a cursor of AAPL" in other.text) == (400, True)
    kind = client.get("/api/candles", params={"symbol": "AAPL", "cursor": cursor})
    assert (kind.status_code, "not a cursor of candles" in kind.text) == (400, True)


def test_a_cursor_cannot_carry_what_a_query_cannot_ask(client: httpx.Client) -> None:
    for values in (
        ["candles", "AAPL", MIDNIGHT_MS, MIDNIGHT_MS, 1 << 40, ""],
        ["candles", "AAPL", 0, 0, 60_000, ""],
        ["candles", "AAPL", MIDNIGHT_MS, MIDNIGHT_MS + 93 * 86_400_000, 60_000, ""],
    ):
        cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        answer = client.get("/api/candles", params={"symbol": "AAPL", "cursor": cursor})
        assert answer.status_code == 400, answer.text
