"""The reports of the newest reported day: in the read API and as metrics of the page."""

from collections.abc import Iterator
from datetime import date, timedelta

import attrs
import httpx
import pytest

from adapters.memory.report_store import MemoryReportStore
from apps.web.latest_reports import LatestReports
from apps.web.server import PageServer
from domain.day_report import DayReport, Verdict
from domain.window import partition_day
from ports.errors import StoreError
from tests.support.day_reports import NOTHING_STORED, make_report
from tests.support.made_up_market import MadeUpMarket, now_ms
from tests.support.timeouts import TIMEOUT_S

TODAY = partition_day(now_ms())


def report(symbol: str, day: date, *gaps: tuple[int, int], **changes: object) -> DayReport:
    return attrs.evolve(make_report(*gaps), symbol=symbol, day=day, **changes)  # type: ignore[arg-type]


def latest(store: MemoryReportStore | None) -> LatestReports:
    return LatestReports(store, now_ms, read_every_s=0)


@pytest.fixture
def store() -> MemoryReportStore:
    store = MemoryReportStore()
    yesterday = TODAY - timedelta(days=1)
    store.write(
        [report("AAPL", yesterday), report("MSFT", yesterday, (10, 11), redelivered=7, rejected={"too_old": 2})]
    )
    store.write([report("AAPL", TODAY - timedelta(days=2), (0, 60), trades=0)])
    return store


@pytest.fixture
def client(store: MemoryReportStore) -> Iterator[httpx.Client]:
    source = MadeUpMarket(("AAPL",)).source(reports=store)
    with PageServer(source, port=0) as server, httpx.Client(base_url=server.url, timeout=TIMEOUT_S) as client:
        yield client


def test_the_newest_reported_day_is_the_one_that_is_read(store: MemoryReportStore) -> None:
    assert [found.symbol for found in latest(store).read()] == ["AAPL", "MSFT"]
    store.write([report("NVDA", TODAY)])
    assert [found.symbol for found in latest(store).read()] == ["NVDA"]


def test_reports_older_than_a_week_are_not_read(store: MemoryReportStore) -> None:
    old = MemoryReportStore()
    old.write([report("AAPL", TODAY - timedelta(days=8))])
    assert latest(old).read() == ()
    assert latest(None).read() == ()


def test_the_store_is_read_once_in_a_while() -> None:
    store = MemoryReportStore()
    reports = LatestReports(store, now_ms)
    assert reports.read() == ()
    store.write([report("AAPL", TODAY)])
    assert reports.read() == ()
    assert len(latest(store).read()) == 1


def test_the_api_has_the_verdict_of_each_symbol(client: httpx.Client) -> None:
    found = client.get("/api/reports").json()
    assert found["day"] == (TODAY - timedelta(days=1)).isoformat()
    [first, second] = found["reports"]
    assert (first["symbol"], first["verdict"], first["coverage_percent"], first["gaps"]) == ("AAPL", "complete", 100, 0)
    assert (second["verdict"], second["gaps"], second["redelivered"], second["rejected"]) == ("degraded", 1, 7, 2)


def test_the_metrics_count_symbols_by_verdict(client: httpx.Client) -> None:
    lines = client.get("/metrics").text.splitlines()
    counts = [line.rpartition(" ") for line in lines if line.startswith("tapeline_report_verdicts")]
    assert {name: float(count) for name, _, count in counts} == {
        f'tapeline_report_verdicts{{verdict="{verdict}"}}': count
        for verdict, count in ((Verdict.COMPLETE, 1), (Verdict.DEGRADED, 1), (Verdict.MISSING, 0))
    }
    [day] = [line for line in lines if line.startswith("tapeline_report_day_timestamp_seconds")]
    assert float(day.split()[1]) % 86_400 == 0


def test_without_a_report_or_a_readable_store_there_is_no_metric() -> None:
    class Unreadable(MemoryReportStore):
        def read(self, _day: date) -> Iterator[DayReport]:
            raise StoreError("no node answers")

    for store in (None, MemoryReportStore(), Unreadable()):
        with PageServer(MadeUpMarket(("AAPL",)).source(reports=store), port=0) as server:
            metrics = httpx.get(f"{server.url}/metrics", timeout=TIMEOUT_S)
            assert metrics.status_code == 200
            assert "tapeline_report" not in metrics.text
            assert httpx.get(f"{server.url}/api/reports", timeout=TIMEOUT_S).status_code == (
                503 if isinstance(store, Unreadable) else 200
            )


def test_a_report_whose_candles_differ_says_so(client: httpx.Client, store: MemoryReportStore) -> None:
    store.write([report("AAPL", TODAY, stored=attrs.evolve(NOTHING_STORED, raw_differ=1))])
    [found] = client.get("/api/reports").json()["reports"]
    assert (found["verdict"], found["equal_to_trades"]) == ("degraded", False)
