"""The page's programs as a person runs them: beside `tapeline live`, and from a real Cassandra."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.admin import schema
from domain.candle import fold
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.contract.stores import make_trade
from tests.support.keyspaces import fresh_settings
from tests.support.made_up_market import now_ms
from tests.support.recordings import write_made_up_day
from tests.support.timeouts import TIMEOUT_S

ROOT = Path(__file__).parents[2]


@contextmanager
def program(*arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAPELINE_")}
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONUNBUFFERED": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def url_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found[0]
    raise AssertionError("it ended without an address")


def ask(url: str) -> dict[str, object]:
    """Ask until it answers: the server begins after its program."""
    end_s = time.monotonic() + TIMEOUT_S
    while True:
        try:
            answer = httpx.get(url, timeout=5)
        except httpx.TransportError:
            if time.monotonic() > end_s:
                raise
        else:
            return dict(answer.json())


def until(url: str, wanted: str) -> dict[str, object]:
    end_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end_s:
        found = ask(url)
        if wanted in str(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{url} never said {wanted}: {found}")


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, err


def test_live_serves_the_served_page_the_table() -> None:
    with program("apps.live", "--web-port", "0", "--symbols", "AAPL,MSFT", "--simulator-rate", "100") as process:
        url = url_of(process)
        health = until(f"{url}/api/health", "'newest_event_ms': 1")
        stages = health["stages"]
        assert isinstance(stages, list)
        assert [stage["name"] for stage in stages] == ["Feed", "Intake", "Windows", "Store", "Data"]
        until(f"{url}/api/symbols", "'close'")
        with httpx.stream("GET", f"{url}/api/stream", timeout=10) as stream:
            next(stream.iter_lines())
            # An open page does not hold the program back.
            assert end(process) == (0, "")


def test_without_the_page_nothing_is_served() -> None:
    with program("apps.live", "--no-page", "--duration", "3", "--simulator-rate", "100") as process:
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err, "http://" in out) == (0, "", False)


def test_a_recording_shows_the_symbols_that_it_turns_out_to_have(tmp_path: Path) -> None:
    trades = write_made_up_day(tmp_path / "day.jsonl")
    with program("apps.live", "--web-port", "0", "--replay", str(tmp_path / "day.jsonl"), "--speed", "5") as process:
        url = url_of(process)
        found = until(f"{url}/api/symbols", "'close'")
        symbols = found["symbols"]
        assert isinstance(symbols, list)
        assert {entry["symbol"] for entry in symbols} <= {str(trade["s"]) for trade in trades}
        assert found["title"] == "a recording"
        assert ask(f"{url}/api/health")["freshness_ms"] is None


@pytest.fixture
def stored(cassandra_contact: tuple[list[str], int]) -> tuple[CassandraSettings, list[Trade]]:
    settings = fresh_settings(cassandra_contact)
    schema(settings, "dev")
    begin_ms = now_ms() - 5 * MINUTE_MS
    trades = [
        make_trade("AAPL", begin_ms + i * 1_000, f"{i:04d}-00000000", price=Decimal(100 + i), received_ms=begin_ms + i)
        for i in range(300)
    ]
    write(settings, trades)
    return settings, trades


def write(settings: CassandraSettings, trades: list[Trade]) -> None:
    session = CassandraSession(settings)
    with CassandraTradeStore(settings, session) as to, CassandraCandleStore(settings, session) as candles:
        to.write(trades)
        candles.write(fold(trades, MINUTE_MS).values())


@pytest.mark.servers
def test_dashboard_shows_what_is_in_cassandra_and_what_is_written_meanwhile(
    stored: tuple[CassandraSettings, list[Trade]],
) -> None:
    settings, trades = stored
    variables = {
        "TAPELINE_CASSANDRA_HOSTS": ",".join(settings.hosts),
        "TAPELINE_CASSANDRA_PORT": str(settings.port),
        "TAPELINE_CASSANDRA_KEYSPACE": settings.keyspace,
    }
    with program("apps.dashboard", "--web-port", "0", "--symbols", "AAPL,MSFT", **variables) as process:
        url = url_of(process)
        until(f"{url}/api/symbols", "'close': '399'")
        query = f"symbol=AAPL&from=1h&to={now_ms() + MINUTE_MS}"
        pages: list[list[str]] = []
        cursor: object = ""
        while cursor is not None:
            page = httpx.get(f"{url}/api/trades?{query}&limit=70{f'&cursor={cursor}' if cursor else ''}").json()
            pages.append([row["trade_id"] for row in page["trades"]])
            cursor = page["next_cursor"]
        assert [trade_id for ids in pages for trade_id in ids] == [trade.trade_id for trade in trades]
        assert len(pages) == 5
        write(settings, [*trades, make_trade("AAPL", now_ms(), "9999-00000000", price=Decimal("0.00000001"))])
        until(f"{url}/api/symbols", "'close': '0.00000001'")
        # Beyond what a column of the table can hold, and beyond what a calendar has.
        for odd in ("window=999999999999d", "from=999999999999999&to=999999999999999", "from=0001-01-01&to=0001-01-02"):
            assert httpx.get(f"{url}/api/candles?symbol=AAPL&{odd}").status_code == 400, odd
        health = ask(f"{url}/api/health")
        assert (health["state"], health["symbols"]) == ("ok", 2)
        assert health["feed_lag"] is not None
        assert end(process) == (0, "")


def test_dashboard_without_a_server_ends_in_words() -> None:
    with program("apps.dashboard", "--cassandra-port", "9", "--web-port", "0") as process:
        _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert "is not reachable" in err
    assert "Traceback" not in err
