"""The clock of one program or server is an hour off: the queries live, what is rejected is explained, and no other trade is late because of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but not in the words of its type hints
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from pyspark.sql import SparkSession

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from domain.rejection import DeadLetter
from tests.support.aggregators import Site
from tests.support.in_process_queries import Carrier
from tests.support.releases import ROOT

from .fault_report import Tell
from .producer_harness import Sending
from .stored_ledger import check_ledger, put
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

HOUR_S = 3_600
OFFSETS = [HOUR_S, -HOUR_S]

_PYTHON = """\
import time

_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + {seconds}
time.time_ns = lambda: _time_ns() + {seconds} * 10**9
"""


def python_wrong_by(seconds: int, folder: Path) -> Path:
    """Make a folder that puts the clock of every Python with it on its PYTHONPATH wrong: what it calls now, not what it measures of time.

    Under libfaketime Python's sleep fails, and librdkafka's waits take as long as the clock is off.
    """
    place = folder / f"python{seconds:+}"
    place.mkdir()
    (place / "sitecustomize.py").write_text(_PYTHON.format(seconds=seconds), "utf-8")
    return place


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def newest_write_ms(site: Site) -> int:
    """When Cassandra has it that a candle was written."""
    return max(int(row[0]) for row in site.rows("writetime(volume)", "trade_aggregates")) // 1000


@pytest.mark.faults
def test_the_aggregators_clock_is_set_forward_and_back(
    spark: SparkSession,
    kafka_stack: Stack,
    cassandra_stack: Stack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tell: Tell,
) -> None:
    """Cassandra keeps the later of two writes, and the aggregator's clock says which it is."""
    site = Site.make("aggregator-clock", tmp_path, kafka_stack, cassandra_stack)
    carrier, tape, sent = Carrier(spark, site), Tape(seed=31), 0
    for offset in (HOUR_S, 0, -HOUR_S):
        trades = tape.trades(150)  # so few that they go on in the windows of those before
        put(site, trades)
        sent += len(trades)
        right = time.time_ns
        with monkeypatch.context() as patch:
            patch.setattr(time, "time_ns", lambda: right() + offset * 10**9)  # noqa: B023
            carrier.once()
        assert newest_write_ms(site) > now_ms() + HOUR_S * 500  # an hour ahead from the first on
    ledger = check_ledger(site, genuine=sent)
    tell(
        "the aggregator's clock an hour ahead, then right, then an hour behind",
        "the later version of a candle wins, whatever the clock says",
        str(ledger),
    )


@pytest.mark.faults
@pytest.mark.parametrize("offset", OFFSETS)
def test_a_producers_clock_is_wrong(
    spark: SparkSession,
    kafka_stack: Stack,
    cassandra_stack: Stack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    offset: int,
    tell: Tell,
) -> None:
    made = Site.make(f"producer-clock{offset}", tmp_path, kafka_stack, cassandra_stack)
    with SimulatedFinnhub(SimulatorSettings(rate=400, ledger_limit=10**6)) as server:
        sending = Sending(tmp_path, kafka_stack.bootstrap_servers, server)
        try:
            with monkeypatch.context() as patch:
                patch.setenv("PYTHONPATH", os.pathsep.join([str(python_wrong_by(offset, tmp_path)), str(ROOT)]))
                sending.start()
            sending.carry(100)
            account = sending.settled()
        finally:
            sending.kill()
    site = Site(kafka=sending.kafka, cassandra=made.cassandra, folder=made.folder)
    received = sum(len(trades) for trades in account.expected().values())
    letters = [DeadLetter.from_headers(record.value, dict(record.headers)) for record in account.dead_letters]
    if offset < 0:
        # By its clock every trade is of the future; each is kept, with that reason.
        assert received == len(account.trades) == 0
        rejected = account.expected_letters().total()
        assert rejected >= 100
        assert Counter(letter.rejection.reason.value for letter in letters) == {"in_future": rejected}
        held, figures = "every trade is a dead letter with its bytes: in_future", f"{rejected} trades"
    else:
        assert (len(account.trades), letters) == (received, [])
        carrier = Carrier(spark, site)
        carrier.once()
        ledger = check_ledger(site, genuine=received)
        assert carrier.late_rows == 0
        held, figures = "every trade is stored: the broker's clock is asked as well", str(ledger)
    tell(f"the producer's clock an hour {'behind' if offset < 0 else 'ahead'}", held, figures)


def stamp_by(site: Site, kind: str) -> None:
    """Let the topic take the time of the sender (`CreateTime`) or of the broker (`LogAppendTime`)."""
    admin = AdminClient({"bootstrap.servers": site.kafka.bootstrap_servers})
    entry = ConfigEntry("message.timestamp.type", kind, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, site.kafka.trades_topic, incremental_configs=[entry])
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(30)


@pytest.mark.faults
def test_a_brokers_clock_is_wrong_then_right(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path, tell: Tell
) -> None:
    """The stamps are those of a broker whose clock is wrong; they are set here, because Kafka's JVM hardly comes up under libfaketime."""
    site = Site.make("broker-clock", tmp_path, kafka_stack, cassandra_stack)
    carrier = Carrier(spark, site)
    # So new that an hour matters.
    tape, sent = Tape(seed=33, begin_ms=now_ms() - 240_000), {}
    stamp_by(site, "CreateTime")
    for offset in OFFSETS:
        trades = tape.trades(300)
        # A little less than an hour ahead, or Kafka itself refuses the stamp.
        put(site, trades, stamped_ms=now_ms() + offset * 900)
        sent[offset] = len(trades)
        carrier.once()
    stamp_by(site, "LogAppendTime")
    more = tape.trades(300)
    put(site, more)
    carrier.once()
    ledger = check_ledger(site, genuine=sent[HOUR_S] + len(more))
    assert (ledger.letters, carrier.late_rows) == ({"in_future": sent[-HOUR_S]}, 0)
    tell(
        "the broker's clock nearly an hour ahead, then behind, then right (by its stamps)",
        "behind: trades look like the future and are dead letters; otherwise stored, and none is late because of it",
        str(ledger),
    )
