"""Candles that change after their window was closed, on real servers: both versions are kept, and what was known before can still be read."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from adapters.cassandra.candle_store import CassandraCandleStore
from devstack.stack import Stack
from domain.candle_update import CandleUpdate
from domain.trade import Trade
from domain.window import MINUTE_MS
from tests.contract.stores import make_trade
from tests.fault.revision_ledger import check_revisions
from tests.fault.stored_ledger import put
from tests.fault.tape import RESTATING_DELAYS_MS, Tape
from tests.support.aggregators import Site
from tests.support.in_process_queries import Carrier

HOUR_MS = 3_600_000

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


def test_late_trades_restate_candles_and_the_earlier_ones_can_still_be_read(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path
) -> None:
    site = Site.make("restatements", tmp_path, kafka_stack, cassandra_stack)
    carrier = Carrier(spark, site)
    begin_ms = Tape(seed=0).now_ms

    def trade(number: int, symbol: str, after_ms: int) -> Trade:
        at_ms = begin_ms + after_ms
        return make_trade(symbol, at_ms, f"{number:04}-00000000", price=Decimal(100 + number), received_ms=at_ms + 20)

    put(site, [trade(0, "A", 1_000), trade(1, "B", MINUTE_MS + 20_000)])
    carrier.once()
    # Within the lateness: one for a candle that is there, one for a window without a candle, one that is on time.
    put(site, [trade(2, "A", 2_000), trade(3, "C", 3_000), trade(4, "B", MINUTE_MS + 21_000)])
    carrier.once()
    put(site, [trade(5, "A", 4_000)])
    carrier.once()

    assert [
        (row.candle.symbol, row.candle.trade_count, row.reason) for row in site.stored_revisions()
    ] == [("A", 1, None), ("A", 2, "late_trades"), ("A", 3, "late_trades"), ("C", 1, "late_trades")]  # fmt: skip
    assert check_revisions(site) == 4
    first, second, third = [row.known_at_ms for row in site.stored_revisions() if row.candle.symbol == "A"]
    with CassandraCandleStore(site.cassandra) as store:
        for moment_ms, counts in ((first - 1, []), (first, [1]), (second - 1, [1]), (second, [2]), (third, [3])):
            known = store.read_as_of("A", begin_ms, begin_ms + MINUTE_MS, MINUTE_MS, as_of_ms=moment_ms)
            assert [candle.trade_count for candle in known] == counts
        [added] = [row.known_at_ms for row in site.stored_revisions() if row.candle.symbol == "C"]
        assert list(store.read_as_of("C", begin_ms, begin_ms + MINUTE_MS, MINUTE_MS, as_of_ms=added - 1)) == []


def test_each_change_is_published_and_at_last_each_candle_as_final(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path
) -> None:
    site = Site.make("published", tmp_path, kafka_stack, cassandra_stack)
    tape = Tape(seed=8, delays_ms=RESTATING_DELAYS_MS)
    # The second carrier knows nothing of the open windows of the first, as after a restart.
    for _ in range(2):
        put(site, tape.trades(1_500))
        carrier = Carrier(spark, site)
        carrier.once(publish_candles=True, max_offsets_per_trigger=400)
    assert check_revisions(site) > 0

    updates: dict[str, list[CandleUpdate]] = defaultdict(list)
    for record in site.records(site.kafka.candles_topic):
        update = CandleUpdate.decode(record.value)
        assert record.key == update.key.encode()
        updates[update.key].append(update)
    watermark_ms = site.plans()[-1].watermark_ms
    with CassandraCandleStore(site.cassandra) as store:
        stored = [
            candle
            for symbol in {versions[0].version.candle.symbol for versions in updates.values()}
            for candle in store.read(symbol, tape.now_ms - HOUR_MS, tape.now_ms + HOUR_MS, MINUTE_MS)
        ]
    assert len(stored) == len(updates)
    final = 0
    for candle in stored:
        *changes, last = updates[f"{candle.symbol}|{MINUTE_MS}|{candle.window_start_ms}"]
        assert last.version.candle == candle
        assert last.is_final == (candle.window_end_ms <= watermark_ms)
        assert not any(change.is_final for change in changes)
        final += last.is_final
    assert 0 < final < len(stored)
    published = {
        (update.version.candle.window_key, update.version.known_at_ms)
        for versions in updates.values()
        for update in versions
        if update.version.reason is not None
    }
    kept = {
        ((row.candle.symbol, row.candle.window_start_ms, MINUTE_MS), row.known_at_ms)
        for row in site.stored_revisions()
        if row.reason is not None
    }
    assert published == kept
