"""The page shows what is down, what fires and the report of the last day."""

import itertools
import re
from datetime import timedelta

import attrs
import pytest

from adapters.memory.report_store import MemoryReportStore
from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.web.server import PageServer
from domain.window import partition_day
from tests.support.day_reports import make_report
from tests.support.made_up_market import now_ms

from .browser import Page
from .shown import market_of

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.timeout(300)]


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
