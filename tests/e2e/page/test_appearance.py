"""The page makes no row twice, is usable by keyboard and on a phone, and follows the theme of the system."""

import pytest
from selenium.webdriver.common.keys import Keys

from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.web.server import PageServer
from tests.support.made_up_market import MadeUpMarket, many_symbols, now_ms

from .browser import Page
from .shown import market_of

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.timeout(300)]
COUNT_CHANGES = """
window.drawn = 0; window.made = 0;
new MutationObserver((changes) => changes.forEach((change) => {
  if (change.attributeName === "points") window.drawn += 1;
  window.made += [...change.addedNodes].filter((node) => node instanceof Element).length;
})).observe(document.getElementById("watchlist"), { subtree: true, childList: true, attributes: true });
"""
"""Counts the sparklines that are drawn again, and the elements that are made."""


def test_fifty_symbols_move_in_the_rows_that_they_have(page: Page) -> None:
    market = MadeUpMarket(many_symbols(50), per_s=400)
    market.make_history(60)
    with market, PageServer(market.source(poll_s=0.5), port=0) as server:
        page.open(server.url)
        page.until(lambda: page.text("figure-symbols") == "50", "fifty symbols")
        page.run(COUNT_CHANGES)
        page.until(lambda: page.run("return window.drawn") > 150, "each row drawn three times")
        assert page.run("return window.made") == 0
        assert page.run("return document.querySelectorAll('#watchlist polyline').length") == 50
        assert page.console() == []


def test_the_keyboard_is_enough(page: Page) -> None:
    market = market_of()
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        page.row("AAPL").send_keys(Keys.ARROW_DOWN)
        page.until(lambda: page.text("symbol-name") == "BTCUSDT", "the next symbol")
        assert page.row("BINANCE:BTCUSDT").get_attribute("aria-selected") == "true"
        page.driver.switch_to.active_element.send_keys("/")
        page.driver.switch_to.active_element.send_keys("eur", Keys.ENTER)
        page.until(lambda: page.text("symbol-name") == "EUR_USD", "the filtered symbol")
        shown = [row for row in page.all("#watchlist [role=option]") if row.is_displayed()]
        assert len(shown) == 1
        page.driver.switch_to.active_element.send_keys("t")
        assert page.run("return document.documentElement.dataset.theme") == "dark"


def test_both_themes_follow_the_system_and_the_button_which_is_remembered(page: Page) -> None:
    def ground() -> str:
        return str(page.run("return getComputedStyle(document.documentElement).backgroundColor"))

    market = market_of()
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        light = ground()
        page.open(server.url, dark=True)
        dark = ground()
        assert light != dark
        page.driver.find_element("id", "theme").click()
        assert ground() == light
        page.open(server.url, dark=True)
        assert ground() == light
        page.run("localStorage.clear()")
        assert page.console() == []


def test_a_phone_has_no_sideways_scroll_and_room_for_fingers(page: Page) -> None:
    market = market_of("BINANCE:A_VERY_LONG_INSTRUMENT_NAME_INDEED", "BINANCE:XRPETH")
    stages = [Stage(name="Feed", state=StageState.DOWN, detail="x" * 300, runbook="runbooks/FeedDisconnected.md")]
    alert = FiringAlert(
        name="A" * 40,
        severity="warning",
        summary="x" * 300,
        description="",
        since_ms=now_ms(),
        runbook=stages[0].runbook,
    )
    source = market.source(
        stages=lambda: stages, alerts=lambda: [alert], links={"Prometheus": "http://127.0.0.1:9/", "Alertmanager": "/"}
    )
    with market, PageServer(source, port=0) as server:
        for width in (320, 390):
            page.open(server.url, width=width, height=844)
            page.run("document.getElementById('table-details').open = true")
            wide = page.run(
                "return [...document.querySelectorAll('body *')].filter((e) => !e.closest('.table-scroll, #chart, .hidden')"
                " && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className || e.tagName)"
            )
            assert (wide, page.run("return document.documentElement.scrollWidth") <= width) == ([], True)
            assert all(row.size["height"] >= 44 for row in page.all("#watchlist [role=option]"))


def test_the_attribution_stays_on(page: Page) -> None:
    market = market_of()
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        logo = page.driver.find_element("id", "tv-attr-logo")
        assert (logo.is_displayed(), logo.size["width"]) == (True, 35)
        assert str(logo.get_attribute("href")).startswith("https://www.tradingview.com/")
        assert "TradingView" in page.all(".foot")[0].text
        assert page.console() == []
