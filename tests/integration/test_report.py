"""The report command on a real Cassandra, with and without Kafka."""

import json
import os
import subprocess
import sys
from datetime import date
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
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from apps.admin import schema
from devstack.stack import Stack
from domain.candle import fold
from domain.rejection import DeadLetter, Reason, Rejection
from domain.session import SessionEvent, SessionEventKind
from domain.window import MINUTE_MS
from tests.contract.stores import DAY_MS, MIDNIGHT_MS, NOON_MS, make_trade
from tests.support.free_ports import free_port
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import TIMEOUT_S, scaled

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]
DAY = date(2019, 10, 11)
WHOLE, LATE, SILENT = "BINANCE:WHOLE", "BINANCE:LATE", "BINANCE:SILENT"
OLD = ("--day", str(DAY), "--trades-kept-days", "0")


@pytest.fixture(scope="module")
def settings(cassandra_stack: Stack) -> CassandraSettings:
    settings = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    schema(settings, "dev")
    session = CassandraSession(settings)
    trades = [make_trade(symbol, NOON_MS + n * 1_000) for symbol in (WHOLE, LATE) for n in range(200)]
    with CassandraTradeStore(settings, session) as store, CassandraCandleStore(settings, session) as candles:
        store.write([*trades, make_trade(LATE, NOON_MS + 7)])
        candles.write(fold(trades, MINUTE_MS).values())
    with CassandraEventStore(settings, session) as events:
        events.write([covered(WHOLE), covered(LATE)])
    return settings


def covered(symbol: str) -> SessionEvent:
    end_ms = MIDNIGHT_MS + DAY_MS + 1_000
    return SessionEvent(
        instance="p",
        session="1",
        kind=SessionEventKind.STOPPED,
        at_ms=end_ms,
        seen_ms=end_ms,
        symbols={symbol: MIDNIGHT_MS},
    )


def report(
    settings: CassandraSettings, *args: str, kafka: KafkaSettings | None = None
) -> subprocess.CompletedProcess[str]:
    bootstrap_servers = f"127.0.0.1:{free_port()}" if kafka is None else kafka.bootstrap_servers
    environment = {
        **os.environ,
        "TAPELINE_CASSANDRA_HOSTS": ",".join(settings.hosts),
        "TAPELINE_CASSANDRA_PORT": str(settings.port),
        "TAPELINE_CASSANDRA_KEYSPACE": settings.keyspace,
        "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "TAPELINE_KAFKA_CONNECT_TIMEOUT_S": "1" if kafka is None else "20",
    }
    if kafka is not None:
        environment["TAPELINE_KAFKA_DEAD_LETTERS_TOPIC"] = kafka.dead_letters_topic
    return subprocess.run(
        [sys.executable, "-m", "apps.report", *args],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=scaled(240), check=False,
    )  # fmt: skip


def test_a_complete_day_ends_with_0_and_is_stored(settings: CassandraSettings) -> None:
    done = report(settings, *OLD, "--symbol", WHOLE, "--format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (found["verdict"], found["coverage_percent"], found["trades"]) == ("complete", 100.0, 200)
    assert found["rejected"] is None
    assert "rejected trades are not known" in done.stderr
    with CassandraReportStore(settings) as store:
        [stored] = [kept for kept in store.read(DAY) if kept.symbol == WHOLE]
    assert (stored.trades, str(stored.verdict)) == (200, "complete")
    with CassandraDailyCandleStore(settings) as days:
        [daily] = days.read(WHOLE, DAY, DAY)
    assert (daily.candle.trade_count, daily.candle.window_start_ms, daily.covered_ms) == (200, MIDNIGHT_MS, DAY_MS)


def test_the_symbols_are_found_and_the_worst_verdict_decides(settings: CassandraSettings) -> None:
    done = report(settings, *OLD, "--format", "json", "--no-store")
    found = {row["symbol"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert {symbol: row["verdict"] for symbol, row in found.items()} == {WHOLE: "complete", LATE: "degraded"}
    assert (found[LATE]["late"], found[LATE]["raw_differ"]) == (1, 1)
    assert done.returncode == 1


def test_rejected_trades_are_counted_by_reason_from_the_topic(settings: CassandraSettings, kafka_stack: Stack) -> None:
    name = f"report-{settings.keyspace}"
    kafka = KafkaSettings(
        bootstrap_servers=kafka_stack.bootstrap_servers,
        trades_topic=name,
        dead_letters_topic=f"{name}.dlq",
        events_topic=f"{name}.events",
    )
    ensure_topics(kafka, profile=Profile.DEV)
    payload = json.dumps({"s": WHOLE, "p": -1, "v": 1, "t": NOON_MS}).encode()
    reasons = (Reason.PRICE_NOT_POSITIVE, Reason.PRICE_NOT_POSITIVE, Reason.TOO_OLD)
    letters = [
        DeadLetter(payload=payload, rejection=Rejection(reason=reason), source="finnhub", rejected_ms=NOON_MS + n)
        for n, reason in enumerate(reasons)
    ]
    another_day = attrs.evolve(letters[0], rejected_ms=NOON_MS + DAY_MS)
    nameless = attrs.evolve(letters[0], payload=b"{")
    publisher = KafkaPublisher(kafka)
    publisher.start()
    publisher.publish(*letters, another_day, nameless)
    assert not publisher.flush(TIMEOUT_S).pending
    publisher.close()
    done = report(
        settings, *OLD, "--symbol", WHOLE, "--format", "json", "--no-store", "--letters-kept-days", "10000", kafka=kafka
    )
    assert json.loads(done.stdout)["rejected"] == {"price_not_positive": 2, "too_old": 1}
    assert "1 dead letters name no symbol" in done.stderr


def test_spark_reports_the_same_and_stores_the_same(settings: CassandraSettings) -> None:
    def stored() -> list[object]:
        with CassandraReportStore(settings) as reports, CassandraDailyCandleStore(settings) as days:
            return [*reports.read(DAY), *(candle for symbol in (WHOLE, LATE) for candle in days.read(symbol, DAY, DAY))]

    by_python = report(settings, *OLD, "--format", "json")
    kept = stored()
    by_spark = report(settings, *OLD, "--format", "json", "--engine", "spark")
    assert (by_spark.returncode, by_spark.stdout) == (by_python.returncode, by_python.stdout), by_spark.stderr
    assert len(by_spark.stdout.splitlines()) == 2
    assert stored() == kept


def test_a_symbol_that_is_nowhere_is_missing_and_no_store_stores_nothing(settings: CassandraSettings) -> None:
    done = report(settings, *OLD, "--symbol", SILENT, "--no-store")
    assert done.returncode == 1
    assert "missing" in done.stdout
    with CassandraReportStore(settings) as store:
        assert SILENT not in [kept.symbol for kept in store.read(DAY)]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--day", "yesterday"), "is no moment"),
        (("--day", str(DAY)), "have begun to expire"),
        (("--day", "2199-01-01"), "has not begun"),
        ((), "--day"),
    ],
)
def test_a_day_that_cannot_be_judged_ends_with_2(
    settings: CassandraSettings, args: tuple[str, ...], message: str
) -> None:
    done = report(settings, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_day_without_any_symbol_is_an_error_in_words(settings: CassandraSettings) -> None:
    done = report(settings, "--day", "2019-01-01", "--trades-kept-days", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--symbol" in done.stderr
