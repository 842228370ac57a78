"""The aggregator as a program, on a real Kafka and Cassandra: what it leaves there is what the domain says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from adapters.cassandra.event_store import CassandraEventStore
from adapters.cassandra.session import CassandraSession
from adapters.memory.event_store import MemoryEventStore
from devstack.stack import Stack
from domain.rules import DAY_MS
from domain.session import SessionEvent
from tests.support.aggregators import Program, Site, batch_ends, until
from tests.support.domain_results import (
    assert_dead_letters_are_the_domains,
    assert_trades_are_the_domains,
    event_verdict,
    expected_candles,
)
from tests.support.records import Entry, Records
from tests.support.session_records import SessionRecords

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
