import base64
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from adapters.memory.event_store import MemoryEventStore
from adapters.memory.stores import MemoryCandleStore
from apps.web.middleware.security_headers import LOGO_STYLE_HASH
from apps.web.server import PageServer, PageServerError, served_page
from domain.candle import Candle
from domain.candle_revision import RevisionReason
from domain.session import SessionEvent, SessionEventKind
from domain.window import MINUTE_MS, to_datetime
from ports.errors import StoreError
from tests.contract.stores import make_candle

from .made_up_market import MadeUpMarket, now_ms

STATIC = Path(__file__).parents[4] / "apps" / "web" / "static"
SPAN = {"from": "1570752000000", "to": "2019-10-11T01:00:00Z"}
MIDNIGHT_MS = 1_570_752_000_000


@pytest.fixture(scope="module")
def market() -> MadeUpMarket:
    market = MadeUpMarket(("AAPL", "BINANCE:XRPETH"))
    for symbol in market.symbols:
        for i in range(30):
            market.trade(symbol, MIDNIGHT_MS + i * 20_000)
    return market


@pytest.fixture(scope="module")
def client(market: MadeUpMarket) -> Iterator[httpx.Client]:
    with PageServer(market.source(is_recording=True), port=0) as server, httpx.Client(base_url=server.url) as client:
        yield client


def pages(client: httpx.Client, what: str, **query: Any) -> list[list[dict[str, Any]]]:
    found, cursor = [], None
    while True:
        answer = client.get(f"/api/{what}", params={**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[what])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


def test_candles_come_oldest_first_with_exact_numbers_as_text(client: httpx.Client, market: MadeUpMarket) -> None:
    [rows] = pages(client, "candles", symbol="BINANCE:XRPETH", **SPAN)
    stored = list(market.candles.read("BINANCE:XRPETH", 0, 1 << 53, MINUTE_MS))
    assert [row["window_start_ms"] for row in rows] == [candle.window_start_ms for candle in stored]
    assert [(Decimal(row["open"]), Decimal(row["notional"]), row["trade_count"]) for row in rows] == [
        (candle.open, candle.notional, candle.trade_count) for candle in stored
    ]
    assert all(isinstance(rows[0][name], str) for name in ("open", "high", "low", "close", "volume", "vwap"))
    assert rows[0]["window_start"] == "2019-10-11T00:00:00+00:00"


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


@pytest.mark.parametrize(
    ("what", "query", "words"),
    [
        ("candles", {}, "symbol: Field required"),
        ("candles", {"symbol": ""}, "symbol: "),
        ("candles", {"symbol": "A", "limit": "0"}, "limit: "),
        ("candles", {"symbol": "A", "limit": "5001"}, "limit: "),
        ("candles", {"symbol": "A", "form": "now"}, "form: Extra inputs"),
        ("candles", {"symbol": "A", "from": "yesterday"}, "from: 'yesterday' is no moment"),
        ("candles", {"symbol": "A", "window": "1"}, "window: '1' is no length"),
        ("candles", {"symbol": "A", "from": "now", "to": "1h"}, "from: must not be after to"),
        ("candles", {"symbol": "A", "from": "2019-01-01"}, "at most 92 days"),
        ("trades", {"symbol": "A", "window": "1m"}, "window: Extra inputs"),
        ("trades", {"symbol": "A", "cursor": "x"}, "cursor: not a cursor of this server"),
        ("trades", {"symbol": "A", "cursor": "é"}, "cursor: not a cursor of this server"),
        ("trades", {"symbol": "A", "cursor": "W10"}, "cursor: not a cursor of trades"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(
    client: httpx.Client, what: str, query: dict[str, str], words: str
) -> None:
    answer = client.get(f"/api/{what}", params=query)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "bad_request"
    assert words in error["message"]


def test_a_cursor_is_good_for_what_it_was_given_for_alone(client: httpx.Client) -> None:
    cursor = client.get("/api/trades", params={"symbol": "AAPL", "limit": 1, **SPAN}).json()["next_cursor"]
    other = client.get("/api/trades", params={"symbol": "MSFT", "cursor": cursor})
    assert (other.status_code, "a cursor of AAPL" in other.text) == (400, True)
    kind = client.get("/api/candles", params={"symbol": "AAPL", "cursor": cursor})
    assert (kind.status_code, "not a cursor of candles" in kind.text) == (400, True)


def test_status_follows_event_time() -> None:
    market = MadeUpMarket(("AAPL",))
    begin_ms = now_ms() // MINUTE_MS * MINUTE_MS - 10 * MINUTE_MS
    for minute in range(4):
        market.trade("AAPL", begin_ms + minute * MINUTE_MS)
    with PageServer(market.source(lateness_ms=90_000), port=0) as server:
        query = {"symbol": "AAPL", "from": to_datetime(begin_ms).isoformat()}
        await_symbols(server.url)
        rows = httpx.get(f"{server.url}/api/candles", params=query).json()["candles"]
        whole = httpx.get(f"{server.url}/api/candles", params={**query, "window": "1h", "from": "2h"}).json()["candles"]
        odd = httpx.get(f"{server.url}/api/candles", params={**query, "window": "30s"}).json()["candles"]
    assert [row["status"] for row in rows] == ["final", "settling", "settling", "forming"]
    assert whole[-1]["status"] == "forming"
    assert odd == []


def await_symbols(url: str) -> dict[str, Any]:
    """The first poll may be under way."""
    for _ in range(200):
        found: dict[str, Any] = httpx.get(f"{url}/api/symbols").json()
        if any(entry["candle"] for entry in found["symbols"]):
            return found
    raise AssertionError("no candle within 200 requests")


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


def await_store(url: str, state: str) -> dict[str, Any]:
    for _ in range(500):
        health = httpx.get(f"{url}/api/health").json()
        [stage] = [stage for stage in health["stages"] if stage["name"] == "Store"]
        if stage["state"] == state:
            return dict(stage)
    raise AssertionError(f"the store never became {state}")


def test_every_answer_forbids_foreign_content_framing_and_guessing(client: httpx.Client) -> None:
    for path in ("/", "/style.css", "/js/main.js", "/api/symbols", "/api/candles", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_a_page_elsewhere_cannot_read_it_under_its_own_name(client: httpx.Client) -> None:
    for host, status in {
        "evil.example": 421,
        "localhost": 200,
        "[::1]:80": 200,
        "127.0.0.1:8080": 200,
        "": 421,
    }.items():
        assert client.get("/api/symbols", headers={"Host": host}).status_code == status, host


def test_the_page_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"""(?:src|<link[^>]*href)=["']?(?:https?:)?//""", page.text)
    for path in re.findall(r"""(?:src|<link[^>]*href)="([^"]+)\"""", page.text):
        assert client.get(f"/{path}").status_code == 200, path
    assert "javascript" in client.get("/js/main.js").headers["content-type"]


def test_nothing_outside_the_static_folder_is_served(client: httpx.Client) -> None:
    for path in ("/../app.py", "/%2e%2e/app.py", "/js/..%2f..%2fapp.py", "/vendor"):
        assert client.get(path).status_code == 404, path


def test_the_policy_allows_just_the_style_that_the_logo_brings() -> None:
    import base64  # noqa: PLC0415
    import hashlib  # noqa: PLC0415

    script = (STATIC / "vendor" / "lightweight-charts.js").read_text(encoding="utf-8")
    [style] = re.findall(r'innerText="(a#tv-attr-logo[^"]*)"', script)
    assert f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}" == LOGO_STYLE_HASH


def test_the_api_describes_itself(client: httpx.Client) -> None:
    description = client.get("/api/openapi.json").json()
    assert set(description["paths"]) == {
        "/api/candles", "/api/gaps", "/api/trades", "/api/symbols", "/api/health", "/api/reports", "/api/stream",
    }  # fmt: skip
    names = {parameter["name"] for parameter in description["paths"]["/api/candles"]["get"]["parameters"]}
    assert names == {"symbol", "from", "to", "window", "hours", "as_of", "limit", "cursor"}


def test_it_takes_the_next_free_port_and_lets_go_of_it() -> None:
    with PageServer(MadeUpMarket().source(), port=0) as first:
        taken = int(first.url.rpartition(":")[2])
        with PageServer(MadeUpMarket().source(), port=taken) as second:
            assert second.url != first.url
            assert httpx.get(f"{second.url}/api/health").status_code == 200
    with socket.create_server(("127.0.0.1", taken)):
        pass


def test_a_page_that_cannot_be_served_is_a_word_to_the_program_beside_it() -> None:
    server = PageServer(MadeUpMarket().source(), host="no.such.host.invalid", port=0)
    with served_page(server) as text:
        assert "cannot be served on 'no.such.host.invalid'" in text
    with served_page(server, wanted=False) as text:
        assert text == ""
    with pytest.raises(PageServerError):
        _ = server.url


def test_closing_is_quick_even_before_it_has_begun_and_closing_twice_is_fine() -> None:
    server = PageServer(MadeUpMarket().source(), port=0)
    server.start(after_s=60)
    server.close()
    server.close()
    assert server.wait(0)


def test_without_its_packages_the_program_beside_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with served_page(PageServer(MadeUpMarket().source(), port=0)) as text:
        assert "install tapeline[web]" in text


def test_the_program_beside_it_starts_without_loading_the_web_framework() -> None:
    code = "import sys, apps.live; sys.exit(bool({'fastapi', 'starlette', 'uvicorn', 'cassandra', 'pyspark'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=STATIC.parents[2], check=False).returncode == 0


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


@pytest.mark.parametrize(
    ("what", "query", "words"),
    [
        ("candles", {"window": "999999999999d"}, "window: at most 1d"),
        ("candles", {"window": "86401s"}, "window: at most 1d"),
        ("candles", {"from": "999999999999999", "to": "999999999999999"}, "from, to: times lie in the years 2000 to"),
        ("trades", {"from": "1999-12-31T23:59:59.999"}, "from, to: times lie in the years 2000 to 2099"),
        ("gaps", {"from": "0001-01-01", "to": "0001-01-02"}, "from, to: times lie in the years 2000 to 2099"),
        ("gaps", {"from": "2019-01-01", "to": "2019-12-31"}, "from, to: at most 92 days"),
    ],
)
def test_lengths_and_spans_beyond_what_a_store_can_hold_are_refused(
    client: httpx.Client, what: str, query: dict[str, str], words: str
) -> None:
    answer = client.get(f"/api/{what}", params={"symbol": "AAPL", **query})
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]["message"]


def test_a_cursor_cannot_carry_what_a_query_cannot_ask(client: httpx.Client) -> None:
    for values in (
        ["candles", "AAPL", MIDNIGHT_MS, MIDNIGHT_MS, 1 << 40, ""],
        ["candles", "AAPL", 0, 0, 60_000, ""],
        ["candles", "AAPL", MIDNIGHT_MS, MIDNIGHT_MS + 93 * 86_400_000, 60_000, ""],
    ):
        cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        answer = client.get("/api/candles", params={"symbol": "AAPL", "cursor": cursor})
        assert answer.status_code == 400, answer.text


def test_on_every_address_a_name_of_somebody_else_is_refused() -> None:
    source = MadeUpMarket().source()
    with PageServer(source, host="0.0.0.0", port=0, allowed_hosts=["Prices.example"]) as server:  # noqa: S104
        port = server.url.rpartition(":")[2]
        for host, status in {
            "evil.example": 421,
            "127.0.0.1.evil.example": 421,
            "": 421,
            "localhost": 200,
            f"localhost.:{port}": 200,
            "127.0.0.1": 200,
            # An address cannot be bound to another machine, as a name can.
            "192.0.2.7:8080": 200,
            f"[::1]:{port}": 200,
            f"{socket.gethostname()}:{port}": 200,
            "prices.EXAMPLE:443": 200,
        }.items():
            assert httpx.get(f"{server.url}/api/symbols", headers={"Host": host}).status_code == status, host


def test_longer_candles_are_rolled_up_from_minutes(client: httpx.Client, market: MadeUpMarket) -> None:
    span = {**SPAN, "symbol": "AAPL"}
    (minutes,), (longer,) = (pages(client, "candles", **span, window=window) for window in ("1m", "5m"))
    assert [candle["window_start_ms"] for candle in longer] == [MIDNIGHT_MS, MIDNIGHT_MS + 5 * MINUTE_MS]
    first = minutes[:5]
    assert longer[0]["open"] == first[0]["open"]
    assert longer[0]["close"] == first[-1]["close"]
    assert Decimal(longer[0]["volume"]) == sum(Decimal(candle["volume"]) for candle in first)
    assert longer[0]["trade_count"] == sum(candle["trade_count"] for candle in first)


def test_candles_as_of_a_moment_are_those_that_were_known_then() -> None:
    market = MadeUpMarket(("AAPL",))
    candle = make_candle("AAPL", MIDNIGHT_MS, trade_count=2)
    market.candles.write([candle], known_at_ms=MIDNIGHT_MS + 61_000)
    changed = attrs.evolve(candle, trade_count=9)
    market.candles.write([changed], known_at_ms=MIDNIGHT_MS + 90_000, reason=RevisionReason.LATE_TRADES)
    with PageServer(market.source(), port=0) as server, httpx.Client(base_url=server.url) as client:
        for moment, counts in (("2019-10-11T00:01:00", []), ("2019-10-11T00:01:29", [2]), ("now", [9])):
            for window in ("1m", "5m"):
                [rows] = pages(client, "candles", symbol="AAPL", window=window, as_of=moment, **SPAN)
                assert [row["trade_count"] for row in rows] == counts
        assert client.get("/api/candles", params={"symbol": "AAPL", "as_of": "then"}).status_code == 400


def test_a_day_of_crypto_has_its_date_and_all_of_its_trades(client: httpx.Client) -> None:
    (days,) = pages(client, "candles", **SPAN, symbol="BINANCE:XRPETH", window="1d")
    assert [(day["date"], day["trade_count"], day["session"]) for day in days] == [("2019-10-11", 30, None)]


def test_a_day_of_a_stock_has_the_hours_that_are_asked_for(client: httpx.Client) -> None:
    # The trades are of midnight UTC, 20:00 in New York: after the post-market.
    for hours in ("regular", "extended"):
        assert pages(client, "candles", **SPAN, symbol="AAPL", window="1d", hours=hours) == [[]]


def test_a_candle_has_its_session_and_its_eligible_view(client: httpx.Client) -> None:
    (candles,) = pages(client, "candles", **SPAN, symbol="AAPL")
    assert {candle["session"] for candle in candles} == {"closed"}
    for candle in candles:
        assert candle["eligible_volume"] == candle["volume"]
        assert candle["eligible_high"] == candle["high"]
