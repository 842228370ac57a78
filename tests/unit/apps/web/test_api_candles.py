"""The candles of the read API: exact numbers, lengths, sessions, and what was known at a moment."""

from datetime import date
from decimal import Decimal
from typing import Final

import attrs
import httpx

from adapters.exchange_calendar.markets import calendar_of_symbol
from adapters.memory.daily_candle_store import MemoryDailyCandleStore
from apps.web.server import PageServer
from domain.candle_revision import RevisionReason
from domain.daily_candle import DailyCandle
from domain.official_prices import OfficialPrice, PriceSource
from domain.rollup import DayHours
from domain.trade import TradeKey
from domain.window import MINUTE_MS, to_datetime
from tests.contract.stores import make_candle
from tests.support.made_up_market import MadeUpMarket, now_ms

from .api_client import MIDNIGHT_MS, SPAN, await_symbols, pages

DAY: Final = date(2019, 10, 11)


def test_candles_come_oldest_first_with_exact_numbers_as_text(client: httpx.Client, market: MadeUpMarket) -> None:
    [rows] = pages(client, "candles", symbol="BINANCE:XRPETH", **SPAN)
    stored = list(market.candles.read("BINANCE:XRPETH", 0, 1 << 53, MINUTE_MS))
    assert [row["window_start_ms"] for row in rows] == [candle.window_start_ms for candle in stored]
    assert [(Decimal(row["open"]), Decimal(row["notional"]), row["trade_count"]) for row in rows] == [
        (candle.open, candle.notional, candle.trade_count) for candle in stored
    ]
    assert all(isinstance(rows[0][name], str) for name in ("open", "high", "low", "close", "volume", "vwap"))
    assert rows[0]["window_start"] == "2019-10-11T00:00:00+00:00"


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


def test_a_stored_day_has_its_official_prices() -> None:
    hours = calendar_of_symbol("AAPL").hours(DAY)
    assert hours is not None
    start_ms, end_ms = hours.regular_start_ms, hours.regular_end_ms
    key = TradeKey(end_ms + 4_000, "0000-00000000", Decimal("227.030"))
    daily = MemoryDailyCandleStore()
    daily.write(
        [
            DailyCandle(
                day=DAY,
                hours=DayHours.REGULAR,
                candle=attrs.evolve(make_candle("AAPL", start_ms), window_ms=end_ms - start_ms),
                official_open=None,
                official_close=OfficialPrice(key=key, source=PriceSource.AUCTION),
                expected_ms=end_ms - start_ms,
                covered_ms=None,
            )
        ]
    )
    source = MadeUpMarket(("AAPL",)).source(daily_candles=daily)
    with PageServer(source, port=0) as server, httpx.Client(base_url=server.url) as client:
        ((stored,),) = pages(client, "candles", symbol="AAPL", window="1d", **SPAN)
    assert (stored["date"], stored["official_open"]) == ("2019-10-11", None)
    assert stored["official_close"] == {"price": "227.03", "source": "auction", "timestamp_ms": end_ms + 4_000}


def test_a_candle_has_its_session_and_its_eligible_view(client: httpx.Client) -> None:
    (candles,) = pages(client, "candles", **SPAN, symbol="AAPL")
    assert {candle["session"] for candle in candles} == {"closed"}
    for candle in candles:
        assert candle["eligible_volume"] == candle["volume"]
        assert candle["eligible_high"] == candle["high"]
