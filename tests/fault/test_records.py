"""Records that should not be on the topic are, put there past the producer: the queries live, each is explained, and no trade suffers for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from pyspark.sql import SparkSession

from devstack.stack import Stack
from domain.record import decode, encode
from domain.rejection import Rejection
from domain.rules import Rules
from domain.trade import Trade
from tests.support.aggregators import Site
from tests.support.in_process_queries import Carrier
from tests.support.records import Records

from .fault_report import Tell
from .stored_ledger import check_ledger, identity_of, put, put_records
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

HOUR_MS = 3_600_000
POISON: tuple[tuple[bytes | None, bytes | None], ...] = (
    (None, None),
    (b"k", None),
    (b"k", b""),
    (b"\xff\xfe", b"\xff\xfe\x00 no text in any encoding"),
    (b"k", b"{" * 4_000),
    (b"k", b'{"v":1,"symbol":"' + b"A" * 4_000 + b'"}'),
    (b"k", b'{"v":1,"symbol":"A","price":' + b"9" * 3_000 + b"}"),
    (b"k", b"[1," * 1_300),
    (b"k", b"\n".join([b"1680286537580", b"AAPL", b"1", b"1", b"0000-00000000", b"", b"1", b"v", b"stock"])),
    (b"k", b"x" * 900_000),
)


@pytest.fixture
def carrier(
    spark: SparkSession,
    kafka_stack: Stack,
    cassandra_stack: Stack,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Carrier:
    name = request.function.__name__.removeprefix("test_").replace("_", "-")[:40]
    return Carrier(spark, Site.make(name, tmp_path, kafka_stack, cassandra_stack))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("flood", [20_000, pytest.param(400_000, marks=pytest.mark.faults)])
def test_a_flood_of_poison_among_trades(carrier: Carrier, flood: int, tell: Tell) -> None:
    site, tape = carrier.site, Tape(seed=flood)
    trades = tape.trades(2_000)
    source = Records(seed=flood)
    mutants = [source.mutated(encode(trade)) for trade in trades[:300]]
    mutants = [value for value in mutants if isinstance(decode(value, appended_ms=now_ms(), rules=Rules()), Rejection)]
    put(site, trades[:1_000])
    put_records(site, [*POISON, *((b"AAPL", value) for value in mutants)])
    put_records(site, ((b"k%d" % (place % 97), b'{"v":1,"symbol":"%d' % place) for place in range(flood)))
    put(site, trades[1_000:])
    begun = time.monotonic()
    carrier.once(max_offsets_per_trigger=flood // 4)
    seconds = time.monotonic() - begun
    ledger = check_ledger(site, genuine=len(trades))
    assert sum(ledger.letters.values()) == flood + len(POISON) + len(mutants)
    tell(
        "poison and a flood of it, straight into the topic",
        "the queries live; every record is a trade or a dead letter with its bytes and place",
        f"{ledger}, in {seconds:.0f} s",
    )


def test_a_trade_from_the_future_makes_no_other_trade_late(carrier: Carrier, tell: Tell) -> None:
    site, tape = carrier.site, Tape(seed=3)
    before, after = tape.trades(500), tape.trades(500)
    sample = before[0]
    put(site, before)
    carrier.once()
    tomorrow = now_ms() + 24 * HOUR_MS
    wrong = [
        attrs.evolve(sample, timestamp_ms=tomorrow, received_ms=now_ms()),
        # Its own time of reception is in the future: the broker's clock decides.
        attrs.evolve(sample, timestamp_ms=tomorrow, received_ms=tomorrow),
        attrs.evolve(sample, timestamp_ms=now_ms() + HOUR_MS, received_ms=tomorrow),
    ]
    put(site, wrong)
    carrier.once()
    put(site, after)
    carrier.once()
    ledger = check_ledger(site, genuine=len(before) + len(after))
    assert (ledger.letters, carrier.late_rows) == ({"in_future": len(wrong)}, 0)
    tell(
        "a trade stamped in the future",
        "rejected by the earlier of two clocks; the watermark stays, no later trade is late",
        f"{ledger}, 0 late",
    )


def test_late_trades_are_stored_raw_left_out_of_candles_and_counted(carrier: Carrier, tell: Tell) -> None:
    site, tape = carrier.site, Tape(seed=4)
    trades, late = tape.trades(1_000), tape.late(25)
    put(site, trades)
    carrier.once()
    more = tape.trades(300)
    put(site, [*late, *more])
    carrier.once()
    ledger = check_ledger(site, genuine=len(trades + late + more), late={identity_of(trade) for trade in late})
    # Each late trade is alone in its window, so Spark's pairs of a task and a candle are trades.
    assert carrier.late_rows == len(late)
    tell("trades a day late", "all stored raw, none in a candle, the late count explains the rest", str(ledger))


def test_another_version_of_the_record(carrier: Carrier, tell: Tell) -> None:
    site, tape = carrier.site, Tape(seed=5)
    trades = tape.trades(100)
    newer: Callable[[Trade], bytes] = lambda trade: encode(trade)[:-1] + b',"venue_seq":7,"side":"buy","auction":null}'  # noqa: E731
    records = [encode(trade) for trade in tape.trades(8)]
    wrong = [
        records[0].replace(b'{"v":1', b'{"v":2'),
        records[1].replace(b'{"v":1', b'{"v":0'),
        newer(trades[0]).replace(b'{"v":1', b'{"v":2'),
        records[2].replace(b'"price"', b'"last"'),  # a field renamed
        records[3].replace(b'{"v":1,', b'{"v":1,"side":"buy",'),  # added elsewhere than at the end
        records[4][:-1] + b',"legs":[1,2]}',  # not a scalar
        records[5].replace(b',"venue"', b',"place"'),
        records[6][:-1] + b',"price":1}',  # a field twice
        records[7].replace(b'{"v":1,', b"{"),  # from before there were versions
    ]
    put_records(site, [(trade.symbol.encode(), newer(trade)) for trade in trades])
    put_records(site, [(b"AAPL", value) for value in wrong])
    carrier.once()
    ledger = check_ledger(site, genuine=len(trades))
    assert ledger.letters == {"unsupported_version": 3, "malformed": 6}
    tell(
        "record schema a version newer or older",
        "fields added at the end pass and are ignored; anything else is a dead letter",
        f"{ledger}: {ledger.letters}",
    )
