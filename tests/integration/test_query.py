"""The query command, as a person or a program uses it."""

import csv
import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.event_store import CassandraEventStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from apps.admin import schema
from devstack.stack import Stack
from domain.candle import fold
from domain.candle_revision import RevisionReason
from domain.session import SessionEvent, SessionEventKind
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.contract.stores import MIDNIGHT_MS, fresh_symbol, make_candle, make_trade
from tests.support.free_ports import free_port
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import scaled

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]
SYMBOL = fresh_symbol("BINANCE:XRPETH")
DAY = ("--from", "2019-10-11", "--to", "2019-10-12")
TRADES = [
    make_trade(SYMBOL, MIDNIGHT_MS + 11_620),
    make_trade(SYMBOL, MIDNIGHT_MS + 11_620, "0001-00000000", price=Decimal("0.00141557"), conditions=()),
    make_trade(SYMBOL, MIDNIGHT_MS + 3 * MINUTE_MS, price=Decimal("1E+1"), volume=Decimal(0)),
]


RESTATED = make_candle("BINANCE:RESTATED", MIDNIGHT_MS, trade_count=2)


def stopped(since_ms: int, at_ms: int) -> SessionEvent:
    return SessionEvent(
        instance="producer-1",
        session="1",
        kind=SessionEventKind.STOPPED,
        at_ms=at_ms,
        seen_ms=at_ms,
        symbols={SYMBOL: since_ms},
    )


@pytest.fixture(scope="module")
def settings(cassandra_stack: Stack) -> CassandraSettings:
    settings = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    schema(settings, "dev")
    session = CassandraSession(settings)
    many = [make_trade("MANY", MIDNIGHT_MS + ms) for ms in range(5_000)]
    with CassandraTradeStore(settings, session) as trades, CassandraCandleStore(settings, session) as candles:
        trades.write(TRADES + many)
        candles.write(fold(TRADES, MINUTE_MS).values())
        candles.write([RESTATED], known_at_ms=MIDNIGHT_MS + 61_000)
        changed = attrs.evolve(RESTATED, trade_count=9)
        candles.write([changed], known_at_ms=MIDNIGHT_MS + 90_000, reason=RevisionReason.LATE_TRADES)
    with CassandraEventStore(settings, session) as events:
        events.write([stopped(MIDNIGHT_MS + 20_000, MIDNIGHT_MS + 5 * MINUTE_MS)])
    return settings


def environment(settings: CassandraSettings) -> dict[str, str]:
    return {
        **os.environ,
        "TAPELINE_CASSANDRA_HOSTS": ",".join(settings.hosts),
        "TAPELINE_CASSANDRA_PORT": str(settings.port),
        "TAPELINE_CASSANDRA_KEYSPACE": settings.keyspace,
    }


def query(settings: CassandraSettings, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "apps.query", *args],
        cwd=ROOT, env=environment(settings), capture_output=True, text=True, timeout=scaled(120), check=False,
    )  # fmt: skip


def test_candles_as_csv(settings: CassandraSettings) -> None:
    done = query(settings, "candles", SYMBOL, *DAY, "--format", "csv")
    assert done.stdout == (
        "window_start,symbol,open,high,low,close,volume,trade_count,update_count,notional,vwap,"
        "eligible_open,eligible_high,eligible_low,eligible_close,eligible_volume,eligible_count,eligible_vwap,status\n"
        f"2019-10-11T00:00:00+00:00,{SYMBOL},0.00141342,0.00141557,0.00141342,0.00141557,2964.00000000,2,0,4.19256318,0.00141450,"
        "0.00141342,0.00141557,0.00141342,0.00141557,2964.00000000,2,0.00141450,partial\n"
        f"2019-10-11T00:03:00+00:00,{SYMBOL},10.00000000,10.00000000,10.00000000,10.00000000,0.00000000,0,1,0.00000000,,"
        "10.00000000,10.00000000,10.00000000,10.00000000,0.00000000,0,,complete\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_windows_without_a_candle_are_shown_on_request(settings: CassandraSettings) -> None:
    span = ("--from", "2019-10-11T00:00", "--to", "2019-10-11T00:07")
    done = query(settings, "candles", SYMBOL, *span, "--gaps", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["window_start"][14:16], row["trade_count"], row["status"]) for row in rows] == [
        ("00", "2", "partial"), ("01", "", "no_trades"), ("02", "", "no_trades"), ("03", "0", "complete"),
        ("04", "", "partial"), ("05", "", "not_connected"), ("06", "", "not_connected"),
    ]  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_trades_as_csv(settings: CassandraSettings) -> None:
    rows = list(csv.DictReader(io.StringIO(query(settings, "trades", SYMBOL, *DAY, "--format", "csv").stdout)))
    assert [row["timestamp"] for row in rows] == [
        "2019-10-11T00:00:11.620+00:00", "2019-10-11T00:00:11.620+00:00", "2019-10-11T00:03:00.000+00:00"
    ]  # fmt: skip
    assert [row["price"] for row in rows] == ["0.00141342", "0.00141557", "10.00000000"]
    assert [row["conditions"] for row in rows] == ["1 12", "", "1 12"]


@pytest.mark.parametrize("what", ["trades", "candles"])
def test_json_is_one_object_a_line_with_the_digits_of_csv(settings: CassandraSettings, what: str) -> None:
    lines = query(settings, what, SYMBOL, *DAY, "--format", "json").stdout.splitlines()
    objects = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
    rows = csv.DictReader(io.StringIO(query(settings, what, SYMBOL, *DAY, "--format", "csv").stdout))
    assert [{name: value or "" for name, value in found.items()} for found in objects] == list(rows)
    assert all("vwap" not in found or found["vwap"] is None or found["vwap"] for found in objects)


def test_a_table_is_never_cut(settings: CassandraSettings) -> None:
    done = query(settings, "candles", SYMBOL, *DAY)
    for text in ("window_start", "2019-10-11T00:03:00+00:00", SYMBOL, "0.00141450", "4.19256318"):
        assert text in done.stdout


def test_the_limit_keeps_the_oldest(settings: CassandraSettings) -> None:
    done = query(settings, "trades", SYMBOL, *DAY, "--format", "json", "--limit", "1")
    assert [json.loads(line)["trade_id"] for line in done.stdout.splitlines()] == [TRADES[0].trade_id]


def test_longer_windows_are_rolled_up_from_minutes(settings: CassandraSettings) -> None:
    for window, start in (("5m", "2019-10-11T00:00:00+00:00"), ("1d", "2019-10-11")):
        done = query(settings, "candles", SYMBOL, *DAY, "--window", window, "--format", "csv")
        (row,) = csv.DictReader(io.StringIO(done.stdout))
        assert (row["window_start"], row["open"], row["close"]) == (start, "0.00141342", "10.00000000")
        assert (row["trade_count"], row["update_count"], row["status"]) == ("2", "1", "partial")


@pytest.mark.parametrize(
    ("window", "moment", "counts"),
    [
        ("1m", "2019-10-11T00:01:00Z", []),
        ("1m", "2019-10-11T00:01:29.999Z", ["2"]),
        ("1d", "2019-10-11T00:01:29.999Z", ["2"]),
        ("5m", "2019-10-11T00:01:30Z", ["9"]),
    ],
)
def test_candles_as_of_a_moment_are_those_that_were_known_then(
    settings: CassandraSettings, window: str, moment: str, counts: list[str]
) -> None:
    options = (*DAY, "--window", window, "--format", "csv", "--as-of", moment)
    rows = csv.DictReader(io.StringIO(query(settings, "candles", RESTATED.symbol, *options).stdout))
    assert [row["trade_count"] for row in rows] == counts


def test_windows_that_are_no_multiple_of_a_minute_are_read_as_they_are_stored(settings: CassandraSettings) -> None:
    done = query(settings, "candles", SYMBOL, *DAY, "--window", "90s", "--format", "csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"no candles of {SYMBOL}" in done.stderr


@pytest.mark.parametrize(("what", "form"), [("trades", "csv"), ("candles", "json"), ("candles", "table")])
def test_no_rows_is_a_word_and_no_error(settings: CassandraSettings, what: str, form: str) -> None:
    done = query(settings, what, "NOBODY", "--format", form)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"no {what} of NOBODY from " in done.stderr


def test_a_server_that_is_away_is_a_word_and_an_error(settings: CassandraSettings) -> None:
    port = free_port()
    done = query(settings, "trades", SYMBOL, "--cassandra-port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1, port {port} is not reachable" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_missing_tables_are_a_word_about_what_to_run(settings: CassandraSettings) -> None:
    done = query(settings, "trades", SYMBOL, "--cassandra-keyspace", "not_there")
    assert done.returncode == 1
    assert "tapeline admin schema" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [("trades", SYMBOL, "--from", "yesterday"), ("candles", SYMBOL, "--window", "1"), ("trades", SYMBOL, "--cassandra-keyspace", "a;b")],
)  # fmt: skip
def test_a_wrong_argument_is_a_word_about_how_to_use_it(settings: CassandraSettings, args: tuple[str, ...]) -> None:
    done = query(settings, *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr


@pytest.mark.parametrize("form", ["csv", "json", "table"])
def test_a_reader_who_leaves_early_ends_it_quietly(settings: CassandraSettings, form: str) -> None:
    command = [sys.executable, "-m", "apps.query", "trades", "MANY", *DAY, "--format", form]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=scaled(120)) == 0


def test_what_was_written_is_what_is_exported(settings: CassandraSettings) -> None:
    lines = query(settings, "trades", SYMBOL, *DAY, "--format", "json").stdout.splitlines()

    def trade(found: dict[str, object], known: Trade) -> Trade:
        return make_trade(
            str(found["symbol"]),
            known.timestamp_ms,
            str(found["trade_id"]),
            price=found["price"],
            volume=found["volume"],
            conditions=tuple(str(found["conditions"]).split()),
        )

    objects = [json.loads(line, parse_float=Decimal) for line in lines]
    assert [trade(found, known) for found, known in zip(objects, TRADES, strict=True)] == TRADES
