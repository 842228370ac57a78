"""The candles of the page are those of the stores, live and of the past."""

from pathlib import Path

import pytest

from adapters.memory.event_store import MemoryEventStore
from apps.web.server import PageServer
from domain.session import SessionEvent, SessionEventKind
from domain.window import MINUTE_MS, to_datetime
from tests.support.made_up_market import MadeUpMarket, now_ms

from .browser import Page
from .shown import close_shown, market_of, table_of

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.timeout(300)]


def test_candles_move_and_the_console_stays_silent(page: Page) -> None:
    with market_of() as market, PageServer(market.source(), port=0) as server:
        page.open(server.url)
        page.until(lambda: page.text("connection-text") == "Live", "the page says that it is live")
        assert page.text("symbol-name") == "AAPL"
        seen = {close_shown(page)}
        page.until(lambda: seen.add(close_shown(page)) or len(seen) >= 4, "the close moves")  # type: ignore[func-returns-value]
        drawn = page.chart_pixels()
        page.until(lambda: page.chart_pixels() != drawn, "the drawn candles move")
        assert {row.get_attribute("data-symbol") for row in page.all("#watchlist [role=option]")} == set(market.symbols)
        assert len(page.all("#watchlist polyline[points*=' ']")) == 3
        assert [stage.get_attribute("data-state") for stage in page.all(".stage")] == ["ok", "ok"]
        assert page.console() == []


def test_what_is_shown_is_what_is_stored(page: Page) -> None:
    market = MadeUpMarket(("BINANCE:XRPETH",))
    market.make_history(30)
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        rows = page.until(lambda: table_of(page), "a table")
        stored = list(market.candles.read("BINANCE:XRPETH", 0, 1 << 53, MINUTE_MS))[::-1]
        assert [[cell.replace(",", "") for cell in row[1:6]] for row in rows] == [
            [f"{price:.8f}" for price in (candle.open, candle.high, candle.low, candle.close)]
            + [format(candle.volume.normalize(), "f")]
            for candle in stored[: len(rows)]
        ]
        assert [row[7] for row in rows[:3]] == ["forming", "settling", "final"]


def test_a_new_window_begins_a_new_candle_and_a_late_trade_mends_an_old_one(page: Page) -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(10)
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        before = page.until(lambda: table_of(page), "a table")
        start_ms = now_ms() // MINUTE_MS * MINUTE_MS
        late = market.trade("AAPL", start_ms - MINUTE_MS - 1)
        market.trade("AAPL", start_ms + MINUTE_MS)
        after = page.until(lambda: rows if len(rows := table_of(page)) > len(before) else None, "a new candle")
        assert after is not None
        assert after[0][7] == "forming"
        assert [row[4] for row in after if row[0] == before[2][0] or row[0] == before[1][0]].count(
            f"{late.price:.2f}"
        ) == 1
        assert page.console() == []


def test_older_history_is_loaded_as_one_scrolls_back(page: Page, tmp_path: Path) -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(1_000, trades_a_minute=1)
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)

        def asked() -> int:
            return int(
                page.run(
                    "return performance.getEntriesByType('resource').filter((e) => e.name.includes('api/candles')).length"
                )
            )

        page.until(lambda: asked() == 1, "the first page of history")
        chart = page.driver.find_element("id", "chart")

        def has_come_as_one_scrolls() -> bool:
            page.run(
                "arguments[0].querySelector('canvas').dispatchEvent("
                "new WheelEvent('wheel', {deltaX: -900, deltaY: 0, bubbles: true, cancelable: true}))",
                chart,
            )
            return asked() > 1

        page.until(has_come_as_one_scrolls, "an older page of history")
        assert page.driver.find_element("id", "to-newest").is_displayed()
        assert page.console() == []


def test_each_candle_says_whether_anything_was_missed(page: Page) -> None:
    market, events = MadeUpMarket(("AAPL", "MSFT")), MemoryEventStore()
    market.make_history(20)
    minute_ms = now_ms() // MINUTE_MS * MINUTE_MS
    lost_ms, resume_from_ms = minute_ms - 5 * MINUTE_MS - 20_000, minute_ms - 4 * MINUTE_MS - 20_000
    for kind, session, at_ms, since_ms in (
        (SessionEventKind.DISCONNECTED, "1", lost_ms, 0),
        (SessionEventKind.ALIVE, "2", now_ms(), resume_from_ms),
    ):
        events.write(
            [
                SessionEvent(
                    instance="p", session=session, kind=kind, at_ms=at_ms, seen_ms=at_ms, symbols={"AAPL": since_ms}
                )
            ]
        )
    with PageServer(market.source(events=events), port=0) as server:
        page.open(server.url)

        def statuses() -> dict[str, str]:
            return {row[0][-5:]: row[7] for row in table_of(page)}

        def name(ago: int) -> str:
            return f"{to_datetime(minute_ms - ago * MINUTE_MS):%H:%M}"

        page.until(lambda: "complete" in statuses().get(name(8), ""), "what is known of gaps")
        found = statuses()
        assert [found[name(ago)] for ago in (8, 7, 6, 5, 4, 3)] == [
            "final, complete", "final, complete", "final, partial", "final, partial", "final, complete",
            "final, complete",
        ]  # fmt: skip
        assert page.all("#legend [data-field=coverage]")[0].text == "complete"
        assert page.console() == []
