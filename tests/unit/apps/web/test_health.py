"""What the page says of the pipeline around its store: stages, alerts, runbooks, and itself."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.web.page_source import Horizon
from apps.web.server import PageServer
from tests.support.made_up_market import MadeUpMarket

from .test_stream import events

DOWN = Stage(name="Kafka", state=StageState.DOWN, detail="does not answer", runbook="runbooks/KafkaDown.md")
ALERT = FiringAlert(
    name="KafkaDown",
    severity="warning",
    summary="Kafka is down",
    description="No broker answers.",
    since_ms=1_706_693_400_123,
    runbook="runbooks/KafkaDown.md",
)


class Hanging:
    """Candles that can be made to hang, as a frozen server does."""

    def __init__(self, market: MadeUpMarket) -> None:
        self._candles = market.candles
        self.free = threading.Event()
        self.free.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._candles, name)

    def read(self, *span: Any) -> Any:
        assert self.free.wait(60)
        return self._candles.read(*span)


def health(url: str) -> dict[str, Any]:
    return dict(httpx.get(f"{url}/api/health", timeout=10).json())


def until(url: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    end_s = time.monotonic() + 30
    while not condition(found := health(url)):
        assert time.monotonic() < end_s, found
        time.sleep(0.05)
    return found


def state_of(found: dict[str, Any], name: str) -> str:
    return str(next(stage["state"] for stage in found["stages"] if stage["name"] == name))


def test_what_fires_and_where_to_read_what_to_do_is_told() -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(2)
    source = market.source(stages=lambda: [DOWN], alerts=lambda: [ALERT], links={"Prometheus": "http://127.0.0.1:9"})
    with PageServer(source, port=0) as server:
        found = until(server.url, lambda found: bool(found["alerts"]))
        assert found["stages"][0]["runbook"] == "docs/runbooks/KafkaDown.md"
        assert found["stages"][1]["runbook"] is None
        assert found["alerts"] == [
            {
                "name": "KafkaDown",
                "severity": "warning",
                "summary": "Kafka is down",
                "description": "No broker answers.",
                "since_ms": 1_706_693_400_123,
                "runbook": "docs/runbooks/KafkaDown.md",
            }
        ]
        assert found["links"] == {"Prometheus": "http://127.0.0.1:9"}
        page = httpx.get(f"{server.url}/{found['alerts'][0]['runbook']}")
        assert page.status_code == 200
        assert "<h1>KafkaDown</h1>" in page.text
        assert "script" not in page.headers["content-security-policy"].replace("script-src 'self'", "")


def test_an_alert_that_fires_is_worth_a_look_though_every_stage_is_in_order() -> None:
    market = MadeUpMarket(("AAPL",))
    market.trade("AAPL")
    firing: list[FiringAlert] = []
    with PageServer(market.source(alerts=lambda: firing), port=0) as server:
        until(server.url, lambda found: found["state"] == "ok")
        firing.append(ALERT)
        until(server.url, lambda found: found["state"] == "warning")
        firing.clear()
        until(server.url, lambda found: found["state"] == "ok")


def test_a_store_that_hangs_is_down_soon_and_holds_up_neither_other_stages_nor_those_who_watch() -> None:
    market = MadeUpMarket(("AAPL",))
    market.trade("AAPL")
    candles = Hanging(market)
    stages: list[Stage] = []
    with PageServer(market.source(candles=candles, stages=lambda: list(stages)), port=0) as server:
        until(server.url, lambda found: state_of(found, "Store") == "ok")
        candles.free.clear()
        try:
            stages.append(DOWN)
            until(server.url, lambda found: found["stages"][0]["name"] == "Kafka")
            found = until(server.url, lambda found: state_of(found, "Store") == "down")
            assert [stage["detail"] for stage in found["stages"] if stage["name"] == "Store"] == ["does not answer"]
            assert httpx.get(f"{server.url}/readyz").status_code == 503
            with events(server.url) as stream:
                told = [next(stream) for _ in range(3)]
            assert [event.kind for event in told] == ["snapshot", "tick", "tick"]
        finally:
            candles.free.set()
        until(server.url, lambda found: state_of(found, "Store") == "ok")


def test_the_page_is_watched_like_every_program() -> None:
    market = MadeUpMarket(("AAPL",))
    market.trade("AAPL")
    with PageServer(market.source(), port=0) as server:
        until(server.url, lambda found: state_of(found, "Store") == "ok")
        assert httpx.get(f"{server.url}/healthz").text == "ok\n"
        assert httpx.get(f"{server.url}/readyz").text == "ok\n"
        metrics = httpx.get(f"{server.url}/metrics").text
        assert "\ntapeline_ready 1.0\n" in metrics
        assert "\nprocess_start_time_seconds " in metrics


@pytest.fixture(scope="module")
def url() -> Any:
    with PageServer(MadeUpMarket(("AAPL",)).source(), port=0) as server:
        yield server.url


@pytest.mark.parametrize(
    "path",
    [
        "runbooks/Nothing.md",
        "runbooks",
        "",
        "%2e%2e/README.md",
        "..%2fREADME.md",
        "%2e%2e%2fpyproject.toml",
        "%2fetc%2fpasswd",
        "runbooks/KafkaDown.md%00",
        "images/../../pyproject.toml",
        # Longer than a file system allows for a name, and as deep as an address allows.
        f"{'a' * 300}.md",
        f"{'a/' * 2_000}b.md",
    ],
)
def test_nothing_but_pages_of_the_documentation_is_served(url: str, path: str) -> None:
    assert httpx.get(f"{url}/docs/{path}").status_code == 404


def test_links_between_pages_and_pictures_on_them_work(url: str) -> None:
    for path in ("alerts.md", "runbooks/README.md", "runbooks/CassandraDown.md", "decisions/README.md"):
        assert httpx.get(f"{url}/docs/{path}").status_code == 200
    assert httpx.get(f"{url}/docs/images/dashboard-dark.png").headers["content-type"] == "image/png"


def test_what_looks_like_html_in_a_page_is_shown_and_not_run(url: str, tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "a<b.md").write_text("# x\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1))\n")
    monkeypatch.setattr("apps.web.documentation.DOCS", tmp_path)
    page = httpx.get(f"{url}/docs/a<b.md").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'href="javascript:' not in page
    assert "<title>a&lt;b" in page


def test_symbols_that_cannot_be_listed_are_a_stage_that_is_down_and_polling_goes_on() -> None:
    market = MadeUpMarket(("AAPL",))
    market.trade("AAPL")
    is_broken = threading.Event()

    def symbols() -> tuple[str, ...]:
        if is_broken.is_set():
            raise OSError("the list of symbols is unavailable")
        return market.symbols

    with PageServer(market.source(symbols=symbols), port=0) as server:
        until(server.url, lambda found: state_of(found, "Store") == "ok")
        is_broken.set()
        found = until(server.url, lambda found: found["stages"][0]["name"] == "Symbols")
        assert (found["stages"][0]["state"], found["stages"][0]["detail"]) == ("down", "OSError")
        # The known symbols are still read.
        trade = market.trade("AAPL")
        until(server.url, lambda found: found["newest_event_ms"] == trade.timestamp_ms)
        is_broken.clear()
        until(server.url, lambda found: found["stages"][0]["name"] != "Symbols")


def test_any_other_error_of_the_poller_is_a_stage_that_is_down_and_polling_goes_on() -> None:
    is_broken = threading.Event()

    # It is asked about the symbol that has no candle yet.
    class Broken(Horizon):
        def resume_from_ms(self, now_ms: int, recent_ms: int) -> int:
            if is_broken.is_set():
                raise ArithmeticError("a bug")
            return super().resume_from_ms(now_ms, recent_ms)

    market = MadeUpMarket(("AAPL", "MSFT"))
    market.trade("AAPL")
    with PageServer(market.source(horizon=Broken()), port=0) as server:
        until(server.url, lambda found: state_of(found, "Store") == "ok")
        is_broken.set()
        until(server.url, lambda found: state_of(found, "Store") == "down")
        is_broken.clear()
        until(server.url, lambda found: state_of(found, "Store") == "ok")
