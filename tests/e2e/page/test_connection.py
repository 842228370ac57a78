"""The page recovers when its server restarts, and says so while it is away."""

import pytest
from typed_settings import SecretStr

from apps.http_security.credentials import Credentials
from apps.http_security.endpoint_security import EndpointSecurity
from apps.web.server import PageServer
from domain.window import MINUTE_MS
from tests.support.made_up_market import now_ms

from .browser import Page
from .shown import close_shown, market_of

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.timeout(300)]


def test_a_restart_of_the_server_is_recovered_from_without_a_reload(page: Page) -> None:
    with market_of() as market:
        with PageServer(market.source(), port=0) as server:
            url, port = server.url, int(server.url.rpartition(":")[2])
            page.open(url)
            page.run("window.marked = true")
            page.until(lambda: page.text("connection-text") == "Live", "the page is live")
        page.until(lambda: page.text("connection-text") == "Reconnecting…", "the page says that it is cut off")
        known = close_shown(page)
        with PageServer(market.source(), port=port) as server:
            assert server.url == url
            page.until(lambda: page.text("connection-text") == "Live", "the page is live again", 30)
            page.until(lambda: close_shown(page) != known, "the close moves again")
            assert page.run("return window.marked") is True
            # The trades that came while it was cut off are in the chart, too.
            page.run("document.getElementById('table-details').open = true")
            [stored] = list(market.candles.read("AAPL", now_ms() - 2 * MINUTE_MS, now_ms() - MINUTE_MS, MINUTE_MS))
            trades = f"{stored.trade_count:,}"
            page.until(lambda: trades in page.text("table-body"), "the candle of the outage")
        assert page.console(outage=True) == []


def test_a_refused_stream_is_tried_again(page: Page) -> None:
    market = market_of()
    with market, PageServer(market.source(max_watchers=1), port=0) as server:
        page.open(server.url)
        page.until(lambda: page.text("connection-text") == "Live", "the page is live")
        page.run("window.other = new EventSource('api/stream')")
        # The second is refused for good by the browser's own rule, and does no harm to the first.
        page.until(lambda: page.run("return window.other.readyState") == 2, "the second is refused")
        assert page.text("connection-text") == "Live"


def test_a_page_whose_own_server_is_gone_says_so_and_who_may_know_more(page: Page) -> None:
    market = market_of()
    links = {"Alertmanager": "http://127.0.0.1:9093/"}
    with market:
        with PageServer(market.source(links=links), port=0) as server:
            port = int(server.url.rpartition(":")[2])
            page.open(server.url)
            assert not page.all("#gone")[0].is_displayed()
            assert page.all("#links a")[0].get_attribute("href") == links["Alertmanager"]
        page.until(page.all("#gone")[0].is_displayed, "it says that nobody answers", 30)
        assert f"Nothing answers at 127.0.0.1:{port}" in page.text("gone")
        assert page.all("#gone a")[0].get_attribute("href") == links["Alertmanager"]
        with PageServer(market.source(links=links), port=port):
            page.until(lambda: not page.all("#gone")[0].is_displayed(), "somebody answers again", 30)
        assert page.console(outage=True) == []


def test_a_browser_that_knows_the_token_shows_the_page(page: Page) -> None:
    security = EndpointSecurity(credentials=Credentials(token=SecretStr("a-token-of-these-tests")))
    with market_of() as market, PageServer(market.source(), port=0, security=security) as server:
        page.driver.get(server.url)
        assert not page.all("#watchlist")
        # What its user would type when the browser asks.
        page.driver.get(server.url.replace("//", "//anyone:a-token-of-these-tests@") + "/docs/alerts.md")
        page.console()
        page.open(server.url)
        page.until(lambda: page.text("connection-text") == "Live", "the stream is open as well")
        assert page.console() == []
