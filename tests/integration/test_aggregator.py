"""The aggregator as a program, on a real Kafka and Cassandra: what it leaves there is what the domain says, also after a crash."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from adapters.cassandra.event_store import CassandraEventStore
from adapters.cassandra.session import CassandraSession
from adapters.exchange_calendar.markets import NYSE
from adapters.memory.event_store import MemoryEventStore
from devstack.stack import Stack
from domain.candle import Candle
from domain.eligibility import eligibility_rules
from domain.record import TopicRecord, decode
from domain.rejection import Rejection
from domain.rules import DAY_MS, Rules
from domain.session import SessionEvent
from domain.session_record import decode_event
from domain.trade import Trade
from domain.window import MINUTE_MS, partition_day
from domain.windower import Windower
from tests.parity.records import Entry, Records
from tests.parity.session_records import SessionRecords
from tests.parity.twins import CandleRow
from tests.support.aggregators import Program, Site, TradeKey, batch_ends, until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def new_site(
    kafka_stack: Stack, cassandra_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Site]:
    return lambda name: Site.make(name, tmp_path_factory.mktemp(name), kafka_stack, cassandra_stack)


@pytest.fixture(scope="module")
def carried(new_site: Callable[[str], Site]) -> Site:
    """Ten thousand records, carried in several micro-batches."""
    site = new_site("carried")
    site.send([*Records(seed=42).entries(9_999), Entry(value=os.urandom(900_000), appended_ms=0)])
    events = SessionRecords(seed=42, now_ms=time.time_ns() // 1_000_000)
    site.send_events([*events.valid(300), *events.entries(100)])
    program = Program.start(site, "--once", "--max-offsets-per-trigger", "3000")
    assert program.ended() == 0, program.text()[-3000:]
    return site


def verdict(record: TopicRecord) -> Trade | Rejection:
    return decode(record.value, appended_ms=record.appended_ms, rules=Rules())


def assert_trades_are_the_domains(site: Site) -> None:
    candidates: dict[TradeKey, list[Trade]] = defaultdict(list)
    for trade in map(verdict, site.trades()):
        if isinstance(trade, Trade):
            day = partition_day(trade.timestamp_ms)
            key = (trade.symbol, day.year, day.month, day.day, trade.timestamp_ms, trade.trade_id)
            candidates[key].append(trade)
    stored = site.stored_trades()
    assert stored.keys() == candidates.keys()
    # Where two records break the rule of unique ids, one of them stays.
    assert [trade for key, trade in stored.items() if trade not in candidates[key]] == []


def assert_dead_letters_are_the_domains(site: Site, *, repeated: bool = False) -> None:
    expected = {
        record.source: (record.value, judged.reason)
        for record in site.trades()
        if isinstance(judged := verdict(record), Rejection)
    }
    expected |= {
        record.source: (record.value, rejection.reason)
        for record in site.events()
        if isinstance(rejection := event_verdict(record), Rejection)
    }
    letters = site.dead_letters()
    assert {letter.source: (letter.payload, letter.rejection.reason) for letter in letters} == expected
    assert repeated or len(letters) == len(expected)


def event_verdict(record: TopicRecord) -> SessionEvent | Rejection:
    return decode_event(record.value, appended_ms=record.appended_ms, rules=Rules())


def expected_candles(site: Site) -> tuple[list[CandleRow], int]:
    """Fold by the domain's windower, micro-batch by micro-batch; give the candles and the count of late trades."""
    records = site.trades()
    rules = eligibility_rules(NYSE.session)
    windower = Windower(window_ms=MINUTE_MS, allowed_lateness_ms=MINUTE_MS, eligibility_of=rules)
    latest: dict[tuple[str, int, int], Candle] = {}
    starts: Mapping[str, int] = {}
    for ends in batch_ends(site.queries[1], site.kafka.trades_topic):
        for record in records:
            partition = str(record.partition)
            if starts.get(partition, 0) <= record.offset < ends.get(partition, 0):
                trade = verdict(record)
                if isinstance(trade, Trade):
                    windower.add(trade)
        latest |= {candle.window_key: candle for candle in windower.take_changed()}
        windower.advance()
        starts = ends
    return sorted(map(CandleRow.of, latest.values())), windower.late_trades


def test_raw_trades_are_the_domains_however_late(carried: Site) -> None:
    assert_trades_are_the_domains(carried)


def test_rejects_are_dead_letters_with_their_bytes_reason_and_place(carried: Site) -> None:
    assert_dead_letters_are_the_domains(carried)
    assert len({letter.rejection.reason for letter in carried.dead_letters()}) == 9


def test_events_are_stored_as_the_store_of_events_would_store_them(carried: Site) -> None:
    events = [event for event in map(event_verdict, carried.events()) if isinstance(event, SessionEvent)]
    assert len(events) > 300
    expected = MemoryEventStore()
    expected.write(sorted(events, key=lambda event: event.at_ms))
    now_ms = time.time_ns() // 1_000_000
    symbols = {symbol for event in events for symbol in event.symbols}
    assert len(symbols) > 5
    with CassandraEventStore(carried.cassandra) as store:
        for symbol in symbols:
            found = list(store.read(symbol, now_ms - 2 * DAY_MS, now_ms))
            assert found == list(expected.read(symbol, now_ms - 2 * DAY_MS, now_ms))


def test_candles_are_those_of_the_domains_windower_late_trades_left_out(carried: Site) -> None:
    expected, late = expected_candles(carried)
    assert len(batch_ends(carried.queries[1], carried.kafka.trades_topic)) > 3
    assert late > 100
    assert carried.stored_candles() == expected


def test_a_start_from_the_checkpoint_adds_nothing_and_sigterm_ends_it_in_order(carried: Site) -> None:
    before = carried.stored_trades(), carried.stored_candles(), len(carried.dead_letters())
    program = Program.start(carried)
    until(program.is_up, "all queries run")
    program.process.terminate()
    assert program.ended() == 0, program.text()[-3000:]
    assert program.says("aggregator_stopped") == 1
    assert (carried.stored_trades(), carried.stored_candles(), len(carried.dead_letters())) == before


def test_a_checkpoint_of_other_settings_is_refused_in_words(carried: Site) -> None:
    program = Program.start(carried, "--once", "--window", "30")
    assert program.ended() == 1
    last = program.text().strip().splitlines()[-1]
    assert "window_ms: 60000 there, 30000 now" in last
    assert "use another checkpoint folder" in last


def test_a_kill_in_a_micro_batch_changes_nothing_and_spark_submit_goes_on(new_site: Callable[[str], Site]) -> None:
    site = new_site("killed")
    source = Records(seed=7)
    site.send(source.entries(3_000))
    first = Program.start(site, "--max-offsets-per-trigger", "1000")
    try:
        # In the middle: a micro-batch has begun that is not committed.
        until(lambda: any((query / "offsets" / "1").exists() for query in site.queries), "a second micro-batch")
    finally:
        first.kill()
    assert not site.all_is_stored()
    site.send(source.entries(1_000))
    second = Program.start(site, "--max-offsets-per-trigger", "1000", command=["spark-submit", "apps/aggregator.py"])
    try:
        until(second.is_up, "all queries run")
        until(site.all_is_stored, "everything is stored")
        second.process.terminate()  # the JVM: it is what spark-submit becomes
        assert second.ended() == 0, second.text()[-3000:]
    finally:
        second.kill()
    assert second.says("aggregator_stopped") == 1
    assert_trades_are_the_domains(site)
    assert_dead_letters_are_the_domains(site, repeated=True)
    assert site.stored_candles() == expected_candles(site)[0]


def test_a_query_that_fails_ends_the_program_with_the_cause(new_site: Callable[[str], Site]) -> None:
    site = new_site("failing")
    program = Program.start(site)
    try:
        until(program.is_up, "all queries run")
        with CassandraSession(site.cassandra) as session:
            session.driver.execute(f"DROP TABLE {site.cassandra.keyspace}.trade_aggregates", timeout=60)
        site.send(Records(seed=1).entries(100))
        assert program.ended() == 1
    finally:
        program.kill()
    last = program.text().strip().splitlines()[-1]
    assert last.startswith("tapeline aggregator: the query 'candles' failed: ")
    assert "find table trade_aggregates" in last


def test_decimals_are_stored_as_they_were_sent(carried: Site) -> None:
    """A stored price has the value of the record, and a candle's volume its scale; nothing went through a float."""
    candles = carried.stored_candles()
    assert all(isinstance(candle.vwap, Decimal) for candle in candles if candle.trade_count)
    assert all(candle.vwap is None for candle in candles if not candle.trade_count)
