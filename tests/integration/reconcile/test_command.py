"""What the stream leaves of a late trade, a stored trade that its candle lacks, is reported and corrected by the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from devstack.servers.java import java_home
from domain.candle import Candle
from domain.window import MINUTE_MS, to_datetime
from tests.contract.stores import fresh_symbol, make_trade
from tests.support.releases import ROOT
from tests.support.timeouts import scaled

from .tables import NOON_MS, YESTERDAY, Tables, candles_of, some_trades

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@attrs.frozen(kw_only=True)
class Late:
    """A symbol with a late trade: its candles as the stream stored them, and as they should be."""

    symbol: str
    streamed: Sequence[Candle]
    whole: Sequence[Candle]


@pytest.fixture
def late(tables: Tables) -> Late:
    symbol = fresh_symbol()
    on_time = some_trades(symbol, 40)
    # Its window is the first, and nine minutes of trades came before it.
    trade = make_trade(
        symbol, NOON_MS + 30_000, "0009-00000000", price=Decimal(999), received_ms=NOON_MS + 9 * MINUTE_MS
    )
    tables.trades.write([*on_time, trade])
    tables.candles.write(candles_of(on_time))
    return Late(symbol=symbol, streamed=candles_of(on_time), whole=candles_of([*on_time, trade]))


def run(tables: Tables, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the tables to its end."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JAVA_HOME": str(java_home()),
        "TAPELINE_CASSANDRA_HOSTS": ",".join(tables.settings.hosts),
        "TAPELINE_CASSANDRA_PORT": str(tables.settings.port),
        "TAPELINE_CASSANDRA_KEYSPACE": tables.settings.keyspace,
    }
    return subprocess.run(
        [*command, "--day", str(YESTERDAY)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=scaled(200), check=False,
    )  # fmt: skip


def test_the_command_adds_a_late_trade_to_its_candle(tables: Tables, late: Late) -> None:
    done = run(tables, sys.executable, "-m", "apps.reconcile", "--symbol", f"{late.symbol},NOBODY")
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["changed", late.symbol, to_datetime(NOON_MS).isoformat(), "trade_count", "4", "5", "+1"] in lines
    assert "1 changed, 0 extra; 1 written" in done.stderr
    assert tables.stored(late.symbol) == late.whole


@pytest.mark.faults
def test_a_dry_run_by_spark_submit_reports_it_and_writes_nothing(tables: Tables, late: Late) -> None:
    arguments = ("--symbol", late.symbol, "--dry-run", "--format", "json")
    done = run(tables, "spark-submit", "apps/reconcile.py", *arguments)
    assert done.returncode == 1, done.stderr[-2000:]
    # spark-submit sends words and differences to one place.
    [difference] = (json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"kind"'))
    assert (difference["kind"], difference["symbol"]) == ("changed", late.symbol)
    assert difference["columns"]["high"] == {"stored": 103, "computed": 999, "difference": 896}
    assert tables.stored(late.symbol) == late.streamed
