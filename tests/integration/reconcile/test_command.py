"""A late trade is stored raw, and the command adds it to its candle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.kafka.publisher import KafkaPublisher
from devstack.servers.java import java_home
from devstack.stack import Stack
from domain.candle import Candle
from domain.window import MINUTE_MS, to_datetime
from tests.contract.stores import fresh_symbol, make_trade
from tests.support.aggregators import Site
from tests.support.in_process_queries import Carrier
from tests.support.releases import ROOT
from tests.support.timeouts import scaled

from .tables import NOON_MS, YESTERDAY, candles_of, some_trades

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


def test_a_late_trade_is_stored_raw_and_ends_up_in_its_candle_by_the_command(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path
) -> None:
    site = Site.make("late", tmp_path, kafka_stack, cassandra_stack)
    carrier, symbol = Carrier(spark, site), fresh_symbol()
    trades = some_trades(symbol, 40)
    # Its window is the first, and nine minutes of trades came before it.
    late = make_trade(
        symbol, NOON_MS + 30_000, "0009-00000000", price=Decimal(999), received_ms=NOON_MS + 9 * MINUTE_MS
    )
    publisher = KafkaPublisher(site.kafka)
    publisher.start()
    try:
        for batch in (trades, [late]):
            for trade in batch:
                publisher.publish(trade)
            assert publisher.flush(60).pending == 0
            carrier.once()
    finally:
        publisher.close()
    with CassandraTradeStore(site.cassandra) as store:
        assert late in list(store.read(symbol, NOON_MS, NOON_MS + MINUTE_MS))

    def stored() -> list[Candle]:
        with CassandraCandleStore(site.cassandra) as store:
            return list(store.read(symbol, NOON_MS, NOON_MS + 86_400_000, MINUTE_MS))

    assert stored() == candles_of(trades)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JAVA_HOME": str(java_home()),
        "TAPELINE_CASSANDRA_HOSTS": ",".join(site.cassandra.hosts),
        "TAPELINE_CASSANDRA_PORT": str(site.cassandra.port),
        "TAPELINE_CASSANDRA_KEYSPACE": site.cassandra.keyspace,
    }

    def command(*line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*line, "--day", str(YESTERDAY)],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=scaled(200), check=False,
        )  # fmt: skip

    # spark-submit sends words and differences to one place.
    reported = command("spark-submit", "apps/reconcile.py", "--dry-run", "--format", "json")
    assert reported.returncode == 1, reported.stderr[-2000:]
    [difference] = (json.loads(line) for line in reported.stdout.splitlines() if line.startswith('{"kind"'))
    assert (difference["kind"], difference["symbol"]) == ("changed", symbol)
    assert difference["columns"]["high"] == {"stored": 103, "computed": 999, "difference": 896}
    assert stored() == candles_of(trades)

    done = command(sys.executable, "-m", "apps.reconcile", "--symbol", f"{symbol},NOBODY")
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["changed", symbol, to_datetime(NOON_MS).isoformat(), "trade_count", "4", "5", "+1"] in lines
    assert "1 changed, 0 extra; 1 written" in done.stderr
    assert stored() == candles_of([*trades, late])
