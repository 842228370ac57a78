"""Reports and candles of days are right after `report` and `reconcile` were killed in the middle, and a further run changes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import attrs
import pytest

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.daily_candle_store import CassandraDailyCandleStore
from adapters.cassandra.event_store import CassandraEventStore
from adapters.cassandra.report_store import CassandraReportStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.admin import schema
from devstack.servers.java import java_home
from devstack.stack import Stack
from domain.candle import Candle, fold
from domain.trade import Trade
from domain.window import MINUTE_MS, day_start_ms
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import scaled, wait_until
from tests.support.twins import domain_candles

from .day_ledger import DayTables, check_days
from .fault_report import Tell
from .test_day_ledger import DAY, ELIGIBILITY, HOUR_MS, covered, some_trades

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
COPIES = 40
"""So often each symbol of the tape is there, under other names: a run is long enough to be killed in it."""
REPORT = ("report", "--day", str(DAY), "--trades-kept-days", "0", "--format", "json")
RECONCILE = ("reconcile", "--day", str(DAY), "--written", "now")


@attrs.frozen
class Tables:
    """A keyspace with trades and events of a day, and 1-minute candles that lack the late trades."""

    settings: CassandraSettings
    trades: Sequence[Trade]

    @property
    def symbols(self) -> list[str]:
        return sorted({trade.symbol for trade in self.trades})

    def read(self) -> DayTables:
        begin_ms = day_start_ms(DAY) - 12 * HOUR_MS
        session = CassandraSession(self.settings)
        with (
            CassandraCandleStore(self.settings, session) as candles,
            CassandraReportStore(self.settings, session) as reports,
            CassandraDailyCandleStore(self.settings, session) as days,
        ):
            stored: Iterable[Candle] = (
                candle
                for symbol in self.symbols
                for candle in candles.read(symbol, begin_ms, begin_ms + 48 * HOUR_MS, MINUTE_MS)
            )
            return DayTables(
                trades=self.trades,
                candles=domain_candles(stored),
                reports=list(reports.read(DAY)),
                days=[found for symbol in self.symbols for found in days.read(symbol, DAY, DAY)],
            )

    def count(self, table: str) -> int:
        with CassandraSession(self.settings) as session:
            query = f"SELECT count(*) FROM {self.settings.keyspace}.{table}"  # noqa: S608
            return int(session.driver.execute(query).one()[0])

    def start(self, *command: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "JAVA_HOME": str(java_home()),
            "TAPELINE_CASSANDRA_HOSTS": ",".join(self.settings.hosts),
            "TAPELINE_CASSANDRA_PORT": str(self.settings.port),
            "TAPELINE_CASSANDRA_KEYSPACE": self.settings.keyspace,
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
            "TAPELINE_KAFKA_CONNECT_TIMEOUT_S": "1",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "apps.cli", *command],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, *command: str, codes: tuple[int, ...] = (0, 1)) -> None:
        program = self.start(*command)
        output, _ = program.communicate(timeout=scaled(200.0))
        assert program.returncode in codes, output[-3000:]
        assert "Traceback" not in output, output[-3000:]

    def kill_when(self, has_begun: Callable[[], bool], *command: str) -> None:
        """Start a program, and kill it and its JVM when it has begun to store."""
        program = self.start(*command)
        try:
            wait_until(lambda: has_begun() or program.poll() is not None, "the program stores", scaled(200.0), 0.005)
        finally:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
            program.communicate()


def renamed(trade: Trade, number: int) -> Trade:
    venue, colon, name = trade.symbol.rpartition(":")
    return attrs.evolve(trade, symbol=f"{venue}{colon}C{number}-{name}")


@pytest.fixture
def tables(cassandra_stack: Stack) -> Tables:
    settings = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    schema(settings, "dev")
    on_time, late = ([renamed(trade, number) for trade in found for number in range(COPIES)] for found in some_trades())
    session = CassandraSession(settings)
    with (
        CassandraTradeStore(settings, session) as trades,
        CassandraCandleStore(settings, session) as candles,
        CassandraEventStore(settings, session) as events,
    ):
        trades.write(on_time + late)
        candles.write(fold(on_time, MINUTE_MS, ELIGIBILITY).values())
        events.write(event for symbol in {trade.symbol for trade in on_time} for event in covered(symbol))
    return Tables(settings, on_time + late)


def test_a_report_that_was_killed_is_completed_by_the_next_one(tables: Tables, tell: Tell) -> None:
    kept = []
    for rows in (1, 120):
        tables.kill_when(lambda rows=rows: tables.count("daily_reports") >= rows, *REPORT)  # type: ignore[misc]
        kept.append(tables.count("daily_reports"))
        check_days(tables.read(), DAY, is_whole=False)
    tables.run(*REPORT)
    whole = tables.read()
    check_days(whole, DAY)
    assert kept[0] < len(tables.symbols)
    tables.run(*REPORT)
    assert tables.read() == whole
    tell(
        "report, killed twice while it stores",
        "each row right, then all of them, then no change",
        f"{kept} of {len(whole.reports)} rows",
    )


def test_a_reconciliation_that_was_killed_is_completed_by_the_next_one(tables: Tables, tell: Tell) -> None:
    lacking = sum(row.trade_count + row.update_count for row in tables.read().candles)

    def has_corrected() -> bool:
        return sum(row.trade_count + row.update_count for row in tables.read().candles) > lacking

    tables.kill_when(has_corrected, *RECONCILE)
    days = tables.count("daily_candles")
    tables.run(*RECONCILE, codes=(0,))
    tables.run(*REPORT)
    whole = tables.read()
    check_days(whole, DAY)
    assert {report.stored.late for report in whole.reports} == {0}
    tables.run(*RECONCILE, codes=(0,))
    assert tables.read() == whole
    tell(
        "reconcile, killed while it corrects",
        "candles of minutes and days right, then no change",
        f"{days} days stored at the kill",
    )
