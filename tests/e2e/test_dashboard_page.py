"""The live page in a real browser, served from stores in memory."""

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from selenium.webdriver.common.keys import Keys
from typed_settings import SecretStr

from adapters.exchange_calendar.markets import NYSE
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.report_store import MemoryReportStore
from apps.http_security.credentials import Credentials
from apps.http_security.endpoint_security import EndpointSecurity
from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.web.server import PageServer
from domain.rollup import rollup, rollup_days
from domain.session import SessionEvent, SessionEventKind
from domain.window import MINUTE_MS, partition_day, to_datetime, to_ms
from tests.property.test_day_report import make_report
from tests.unit.apps.web.made_up_market import MadeUpMarket, many_symbols, now_ms

from .browser import Page, chromium

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.timeout(300)]

LONG_TASKS = """
window.tasks = []; window.frames = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.tasks.push(entry.duration)))
  .observe({ type: "longtask" });
let last = performance.now();
requestAnimationFrame(function next(now) { window.frames.push(now - last); last = now; requestAnimationFrame(next); });
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    browser.console()
    yield browser
    browser.driver.get("about:blank")


def market_of(*symbols: str, minutes: int = 90) -> MadeUpMarket:
    market = MadeUpMarket(symbols or ("AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD"), per_s=100)
    market.make_history(minutes)
    return market


def close_shown(page: Page) -> str:
    return str(page.run("return document.querySelector('#legend [data-field=close]').textContent"))


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
        page.run("document.getElementById('table-details').open = true")
        rows = page.until(lambda: page.run(
            "return [...document.querySelectorAll('#table-body tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        ), "a table")  # fmt: skip
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
        page.run("document.getElementById('table-details').open = true")

        def rows() -> list[list[str]]:
            return list(
                page.run(
                    "return [...document.querySelectorAll('#table-body tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
                )
            )

        before = page.until(rows, "a table")
        start_ms = now_ms() // MINUTE_MS * MINUTE_MS
        late = market.trade("AAPL", start_ms - MINUTE_MS - 1)
        market.trade("AAPL", start_ms + MINUTE_MS)
        after = page.until(lambda: rows() if len(rows()) > len(before) else None, "a new candle")
        assert after is not None
        assert after[0][7] == "forming"
        assert [row[4] for row in after if row[0] == before[2][0] or row[0] == before[1][0]].count(
            f"{late.price:.2f}"
        ) == 1
        assert page.console() == []


def table_of(page: Page) -> list[list[str]]:
    page.run("document.getElementById('table-details').open = true")
    return list(
        page.run(
            "return [...document.querySelectorAll('#table-body tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
    )


def test_the_length_of_a_candle_and_the_view_are_chosen_and_stay_in_the_address(page: Page) -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(30)
    odd_lot = market.trade("AAPL", now_ms() // MINUTE_MS * MINUTE_MS - 1, price=Decimal(9_999), conditions=("1", "12"))
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        minutes = page.until(lambda: table_of(page), "a table")
        page.run("document.querySelector('[data-choice=\"15m\"]').click()")
        longer = page.until(lambda: rows if 1 < len(rows := table_of(page)) < len(minutes) else None, "longer candles")
        assert longer is not None
        assert {row[0][-2:] for row in longer} <= {"00", "15", "30", "45"}
        assert any(row[2] == f"{odd_lot.price:,.2f}" for row in longer)
        page.run("document.querySelector('[data-choice=eligible]').click()")
        page.until(lambda: not any(row[2] == "9,999.00" for row in table_of(page)), "highs without the odd lot")
        address = str(page.driver.current_url)
        assert "interval=15m" in address
        assert "view=eligible" in address
        page.open(address)
        again = page.until(lambda: table_of(page), "a table")
        assert len(again) == len(longer)
        assert not any(row[2] == "9,999.00" for row in again)
        assert page.console() == []


OPENING_MS = to_ms(datetime(2019, 10, 11, 13, 30, tzinfo=UTC))
"""The regular hours of a Friday in New York begin."""
SHADES = """
const found = new Set();
for (const canvas of document.querySelectorAll("#chart td:nth-child(2) canvas")) {
  const row = canvas.getContext("2d").getImageData(0, 4, canvas.width, 1).data;
  for (let at = 0; at < row.length; at += 4) if (row[at + 3]) found.add(row.slice(at, at + 4).join());
}
return found.size;
"""
"""How many colours a line at the upper edge of the chart has: the background, its grid, and the shade of a session if one is shaded."""


def await_rows(page: Page, count: int) -> None:
    page.until(lambda: len(table_of(page)) == count, f"a table of {count} candles")


def test_each_length_of_a_candle_is_the_roll_up_of_minutes(page: Page) -> None:
    market = MadeUpMarket(("AAPL",))
    for minute in range(-40, 360, 4):
        market.trade("AAPL", OPENING_MS + minute * MINUTE_MS)
    minutes = list(market.candles.read("AAPL", 0, 1 << 53, MINUTE_MS))
    with PageServer(market.source(is_recording=True), port=0) as server:
        page.open(server.url)
        for name, count in (
            *(
                (name, len(rollup(minutes, length * MINUTE_MS)))
                for name, length in {"5m": 5, "15m": 15, "1h": 60, "1m": 1}.items()
            ),
            ("1d", len(rollup_days(minutes, NYSE.hours))),
        ):
            page.run(f"document.querySelector('[data-choice=\"{name}\"]').click()")
            await_rows(page, min(count, 30))
            assert f"interval={name}" in str(page.driver.current_url)
        assert page.console() == []


def test_the_extended_sessions_are_shaded(page: Page) -> None:
    shades = []
    for first in (5, -40):
        market = MadeUpMarket(("AAPL",))
        for minute in range(first, 60):
            market.trade("AAPL", OPENING_MS + minute * MINUTE_MS)
        with PageServer(market.source(is_recording=True), port=0) as server:
            page.open(server.url)
            page.until(lambda: table_of(page), "a table")
            shades.append(page.until(lambda: page.run(SHADES), "a chart"))
    regular, with_pre_market = shades
    assert with_pre_market > regular


def test_the_report_of_the_last_day_is_shown_beside_its_symbol(page: Page) -> None:
    reports = MemoryReportStore()
    yesterday = partition_day(now_ms()) - timedelta(days=1)
    reports.write(
        [make_report((10, 11), symbol="AAPL", day=yesterday), make_report(symbol="OANDA:EUR_USD", day=yesterday)]
    )
    line = "return document.getElementById('day-report').checkVisibility() && document.getElementById('day-report').textContent"
    with PageServer(market_of().source(reports=reports), port=0) as server:
        page.open(f"{server.url}#AAPL")
        page.until(lambda: page.run(line) == f"{yesterday}: degraded · received 98.33 % · 1 gap", "the report")
        assert page.run("return document.getElementById('figure-reports').textContent") == "1 complete, 1 degraded"
        page.run("document.querySelector('[data-symbol=\"BINANCE:BTCUSDT\"]').click()")
        page.until(lambda: not page.run(line), "no report")
        assert page.console() == []


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


def test_fifty_symbols_stay_smooth(page: Page, record_property: Callable[[str, object], None]) -> None:
    market = MadeUpMarket(many_symbols(50), per_s=400)
    market.make_history(60)
    with market, PageServer(market.source(poll_s=0.5), port=0) as server:
        page.open(server.url)
        page.until(lambda: page.text("figure-symbols") == "50", "fifty symbols")
        page.run(LONG_TASKS)
        page.until(lambda: page.run("return window.frames.length") > 300, "five seconds of frames", 60)
        tasks, frames = page.run("return [window.tasks, window.frames]")
        frames = sorted(frames[5:])
        median, tail = frames[len(frames) // 2], frames[int(len(frames) * 0.99)]
        record_property("frames_ms", {"median": median, "p99": tail, "long_tasks": tasks})
        # Loose, since the machine may be shared: a page that redraws everything at each tick is far beyond.
        assert median < 40
        assert max(tasks, default=0) < 250
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


def test_what_is_down_is_said_in_words_and_since_when(page: Page) -> None:
    stages = [Stage(name="Feed", state=StageState.DOWN, detail="disconnected")]
    market = market_of()
    with market, PageServer(market.source(stages=lambda: stages), port=0) as server:
        page.open(server.url)
        page.until(lambda: page.text("connection-text") == "Trouble", "the page says that something is wrong")
        stage = page.all('.stage[data-stage="Feed"]')[0]
        assert "down" in str(stage.get_attribute("textContent"))
        assert "disconnected · since " in stage.text
        stages[0] = Stage(name="Feed", state=StageState.OK, detail="connected")
        page.until(lambda: page.text("connection-text") == "Live", "all is well again")


def test_what_fires_and_what_is_down_lead_to_their_runbooks(page: Page) -> None:
    stages = [
        Stage(name="Kafka", state=StageState.DOWN, detail="does not answer", runbook="runbooks/KafkaDown.md"),
        Stage(name="Feed", state=StageState.OK, detail="connected"),
    ]
    told = FiringAlert(
        name="CassandraDown",
        severity="critical",
        summary="Cassandra is <b>down</b>",
        description="No node answers.",
        since_ms=now_ms() - 90_000,
        runbook="runbooks/CassandraDown.md",
    )
    alerts = [told]
    market = market_of()
    with market, PageServer(market.source(stages=lambda: stages, alerts=lambda: alerts), port=0) as server:
        page.open(server.url)
        [alert] = page.until(lambda: page.all(".alert"), "the alert")
        assert re.fullmatch(r"CassandraDown Cassandra is <b>down</b> · since \d+ s Runbook", alert.text), alert.text
        # However much is amiss, nothing lies over anything else.
        alerts.extend(attrs.evolve(told, since_ms=told.since_ms + i) for i in range(20))
        page.until(lambda: len(page.all(".alert")) == 21, "many alerts")
        tops = [
            page.all(selector)[0].rect for selector in (".bar", "#alerts", ".chart-panel", ".health-panel", ".foot")
        ]
        assert all(upper["y"] + upper["height"] <= lower["y"] for upper, lower in itertools.pairwise(tops)), tops
        assert page.all(".chart-panel")[0].rect["height"] >= 380
        runbooks = [link for link in page.all("#stages a") if link.is_displayed()]
        assert [link.get_attribute("href") for link in runbooks] == [f"{server.url}/docs/runbooks/KafkaDown.md"]
        alerts.clear()
        page.until(lambda: not page.all(".alert"), "nothing fires any more")
        assert page.console() == []
        page.driver.get(str(runbooks[0].get_attribute("href")))
        assert page.all("h1")[0].text == "KafkaDown"
        page.all("nav a")[0].click()
        page.until(lambda: page.text("symbol-name") == "AAPL", "the live page again")
        assert page.console() == []


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


def test_the_attribution_stays_on(page: Page) -> None:
    market = market_of()
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        logo = page.driver.find_element("id", "tv-attr-logo")
        assert (logo.is_displayed(), logo.size["width"]) == (True, 35)
        assert str(logo.get_attribute("href")).startswith("https://www.tradingview.com/")
        assert "TradingView" in page.all(".foot")[0].text
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
        page.run("document.getElementById('table-details').open = true")

        def statuses() -> dict[str, str]:
            rows = page.run(
                "return [...document.querySelectorAll('#table-body tr')].map((row) => [row.cells[0].textContent, row.cells[7].textContent])"
            )
            return {str(time)[-5:]: str(status) for time, status in rows}

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
