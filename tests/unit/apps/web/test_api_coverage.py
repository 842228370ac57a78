"""The read API reports the gaps of the feed, and which candles they touch."""

import httpx

from adapters.memory.event_store import MemoryEventStore
from apps.web.server import PageServer
from domain.session import SessionEvent, SessionEventKind
from domain.window import MINUTE_MS
from tests.support.made_up_market import MadeUpMarket

from .api_client import MIDNIGHT_MS, SPAN, pages


def test_a_candle_says_whether_anything_of_it_was_missed_and_gaps_say_what() -> None:
    market, events = MadeUpMarket(("AAPL", "MSFT")), MemoryEventStore()
    for minute in range(3):
        market.trade("AAPL", MIDNIGHT_MS + minute * MINUTE_MS)
        market.trade("MSFT", MIDNIGHT_MS + minute * MINUTE_MS)
    lost_ms = MIDNIGHT_MS + 100_000
    events.write(
        [
            SessionEvent(
                instance="p", session="1", kind=SessionEventKind.DISCONNECTED, at_ms=lost_ms, seen_ms=lost_ms,
                symbols={"AAPL": MIDNIGHT_MS - MINUTE_MS},
            )
        ]
    )  # fmt: skip
    with PageServer(market.source(events=events), port=0) as server, httpx.Client(base_url=server.url) as client:
        [rows] = pages(client, "candles", symbol="AAPL", **SPAN)
        assert [row["coverage"] for row in rows] == ["complete", "partial", "partial"]
        [rows] = pages(client, "candles", symbol="MSFT", **SPAN)
        assert [row["coverage"] for row in rows] == [None, None, None]
        found = client.get("/api/gaps", params={"symbol": "AAPL", **SPAN}).json()
        assert found["is_known"]
        assert [(gap["start_ms"], gap["end"]) for gap in found["gaps"]] == [
            (lost_ms - 1_000, "2019-10-11T01:00:00.000+00:00")
        ]
        assert client.get("/api/gaps", params={"symbol": "MSFT"}).json() == {
            "symbol": "MSFT", "is_known": False, "gaps": [],
        }  # fmt: skip
        assert client.get("/api/gaps", params={"symbol": "AAPL", "limit": "5"}).status_code == 400


def test_without_events_nothing_is_said_of_gaps(client: httpx.Client) -> None:
    assert not client.get("/api/gaps", params={"symbol": "AAPL", **SPAN}).json()["is_known"]
