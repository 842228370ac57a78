import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import httpx

from apps.web.server import PageServer
from domain.window import MINUTE_MS
from tests.support.made_up_market import MadeUpMarket, now_ms


@attrs.frozen
class Event:
    id: str
    kind: str
    data: dict[str, Any]


@contextmanager
def events(url: str, last_id: str = "") -> Iterator[Iterator[Event]]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with httpx.stream("GET", f"{url}/api/stream", headers=headers, timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")

        def parsed() -> Iterator[Event]:
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
                    fields = {}

        yield parsed()


def first(found: Iterator[Event], wanted: Callable[[Event], bool]) -> Event:
    return next(event for event in found if wanted(event))


def full_snapshot(event: Event) -> bool:
    return event.kind == "snapshot" and any(entry["candle"] for entry in event.data["symbols"])


def watchers(url: str) -> int:
    return int(httpx.get(f"{url}/api/health").json()["watchers"])


def test_it_begins_with_everything_and_goes_on_with_what_changed() -> None:
    market = MadeUpMarket(("AAPL", "MSFT"))
    market.make_history(5)
    with PageServer(market.source(), port=0) as server, events(server.url) as found:
        snapshot = first(found, full_snapshot)
        assert [entry["symbol"] for entry in snapshot.data["symbols"]] == ["AAPL", "MSFT"]
        assert len(snapshot.data["symbols"][0]["history"]) >= 5
        trade = market.trade("MSFT")
        tick = first(found, lambda event: bool(event.data.get("candles")))
        assert [candle["symbol"] for candle in tick.data["candles"]] == ["MSFT"]
        assert tick.data["candles"][0]["close_ms"] == trade.timestamp_ms
        assert tick.data["health"]["newest_event_ms"] == trade.timestamp_ms


def test_who_comes_back_gets_just_what_was_missed() -> None:
    market = MadeUpMarket(("AAPL", "MSFT"))
    market.make_history(5)
    with PageServer(market.source(), port=0) as server:
        with events(server.url) as found:
            snapshot = first(found, full_snapshot)
        market.trade("MSFT")
        with events(server.url) as found:  # wait until the server has seen it
            first(found, lambda event: event.id != snapshot.id)
        with events(server.url, snapshot.id) as found:
            again = next(found)
    assert again.kind == "tick"
    assert [candle["symbol"] for candle in again.data["candles"]] == ["MSFT"]


def test_who_comes_back_to_another_server_begins_anew() -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(5)
    with PageServer(market.source(), port=0) as server, events(server.url) as found:
        old = first(found, full_snapshot)
    with PageServer(market.source(), port=0) as server:
        for last_id in (old.id, "nonsense", "0-0", "00000000-999"):
            with events(server.url, last_id) as found:
                assert next(found).kind == "snapshot"


def test_new_symbols_reach_those_who_watch_already() -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(2)
    symbols = ["AAPL"]
    with PageServer(market.source(symbols=lambda: symbols), port=0) as server, events(server.url) as found:
        first(found, full_snapshot)
        symbols.append("MSFT")
        snapshot = first(found, lambda event: event.kind == "snapshot")
    assert [entry["symbol"] for entry in snapshot.data["symbols"]] == ["AAPL", "MSFT"]


def test_who_leaves_is_forgotten_and_one_too_many_is_told_so() -> None:
    market = MadeUpMarket(("AAPL",))
    with PageServer(market.source(max_watchers=1), port=0) as server:
        with events(server.url) as found:
            next(found)
            assert watchers(server.url) == 1
            answer = httpx.get(f"{server.url}/api/stream")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "too_many_watchers")
        end_s = time.monotonic() + 20
        while watchers(server.url) and time.monotonic() < end_s:
            time.sleep(0.02)
        assert watchers(server.url) == 0


def test_all_watchers_together_cost_one_read_a_poll() -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(2)
    reads = []

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(market.candles, name)

        def read(self, *span: Any) -> Any:
            reads.append(span)
            return market.candles.read(*span)

    with PageServer(market.source(candles=Counting(), poll_s=0.05), port=0) as server:
        with events(server.url) as one, events(server.url) as two, events(server.url) as three:
            streams = (one, two, three)
            for found in streams:
                next(found)
            before = len(reads)
            ticks = [[next(found) for _ in range(10)] for found in streams]
        assert all(len(found) == 10 for found in ticks)
        # Thirty events were read; had each watcher polled, there would be as many reads.
        assert len(reads) - before < 25


def test_a_candle_that_a_late_trade_changes_comes_again() -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(3)
    late_ms = now_ms() // MINUTE_MS * MINUTE_MS - 1
    with PageServer(market.source(), port=0) as server, events(server.url) as found:
        first(found, full_snapshot)
        market.trade("AAPL", late_ms)
        tick = first(found, lambda event: bool(event.data.get("candles")))
    assert tick.data["candles"][0]["close_ms"] == late_ms
