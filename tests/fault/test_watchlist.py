"""Producers share a watchlist: each symbol is covered once, a producer that dies is replaced by the others, and a key has one connection at most."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.kafka.instances import describe_instances
from adapters.kafka.watchlist import MAX_POLL_MS
from adapters.simulator.quirks import Quirks
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from ports.errors import BrokerError
from tests.support.programs import run
from tests.support.timeouts import TIMEOUT_S, scaled, wait_until

from .fault_report import Tell
from .sharing import Sharing, difference

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

CAP = 50
RATE = 200
KEYS = ("key-one", "key-two", "key-three")
FAILOVER_S = scaled(15.0)


@pytest.fixture
def server() -> Iterator[SimulatedFinnhub]:
    quirks = Quirks(symbol_cap=CAP, one_connection_per_key=True)
    with SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6, quirks=quirks)) as server:
        yield server


def symbols(count: int) -> list[str]:
    return [f"BINANCE:S{number:03}USDT" for number in range(count)]


def commands_of(sharing: Sharing, *arguments: str) -> str:
    result = run("apps.watchlist", *arguments, **sharing.variables)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def is_added(sharing: Sharing, symbol: str) -> bool:
    try:
        sharing.editor.add([symbol])
    except BrokerError:
        return False
    return True


def test_three_producers_cover_120_symbols_and_those_beyond_two_keys_are_reported(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, tell: Tell
) -> None:
    wanted = symbols(120)
    with Sharing(tmp_path, bootstrap_servers, server) as sharing:
        (tmp_path / "list.txt").write_text("# crypto\n" + "\n".join(wanted) + "\n")
        assert "120 added" in commands_of(sharing, "import", str(tmp_path / "list.txt"))
        one, two, _ = (sharing.start(key) for key in KEYS)
        sharing.await_covered(wanted, 3)
        assert sorted(map(len, sharing.shares())) == [40, 40, 40]

        two.kill()
        begun = time.monotonic()
        wait_until(lambda: sorted(map(len, sharing.shares())) == [CAP, CAP], "two full keys")
        took_s = time.monotonic() - begun
        covered = set.union(*sharing.shares())
        wait_until(lambda: one.logs('"waiting": 10') and one.logs("symbols wait"), "a report of the symbols that wait")
        listed = commands_of(sharing, "list")
        assert {line.split()[0] for line in listed.splitlines() if " waits " in line} == set(wanted) - covered
        assert "120 symbols: 100 covered, 20 wait for room; 2 producers" in listed

        sharing.start(KEYS[1])
        sharing.await_covered(wanted, 3)
        begun = time.monotonic()
        commands_of(sharing, "add", "AAPL")
        sharing.await_covered([*wanted, "AAPL"], 3)
        added_s = time.monotonic() - begun
        commands_of(sharing, "remove", "AAPL")
        sharing.await_covered(wanted, 3)
        account = sharing.settled()

    assert took_s < FAILOVER_S
    assert sharing.longest_double_s == 0
    assert sharing.most_connections == 3
    assert not [each for each in account.heard if each.event in {"disconnected", "provider_error"}]
    assert account.unkept() == []
    found = difference(account, runs=[0, 2, 3])
    assert (found.lost, found.odd) == ({}, {})
    assert {"AAPL"} <= account.kept().keys()
    tell(
        "one of three producers is killed, and comes back",
        "its symbols go to the others, each covered once; symbols beyond all keys are reported; all that arrived is in Kafka",
        f"moved in {took_s:.1f} s, a symbol added in {added_s:.1f} s, {len(account.trades)} trades",
    )


def test_of_two_producers_with_one_key_the_first_ends_before_the_second_connects(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub
) -> None:
    wanted = symbols(10)
    with Sharing(tmp_path, bootstrap_servers, server) as sharing:
        sharing.editor.add(wanted)
        first = sharing.start("the-same-key")
        sharing.await_covered(wanted, 1)
        second = sharing.start("the-same-key")
        assert first.process.wait(TIMEOUT_S) == 1
        assert first.logs("another producer was started with the same API key")
        wait_until(lambda: any(each.event == "subscribed" for each in second.heard()), "the second")
        sharing.await_covered(wanted, 1)
        account = sharing.settled()
        for producer in sharing.producers:
            assert "the-same-key" not in producer.log.read_text()
    assert sharing.most_connections == 1
    assert server.handshakes == 2
    assert not [each for each in account.heard if each.event == "disconnected"]
    found = difference(account, runs=[0, 1])
    assert (found.lost, found.odd) == ({}, {})


@pytest.mark.faults
def test_the_symbols_of_a_killed_producer_all_move_when_there_is_room(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, tell: Tell
) -> None:
    wanted = symbols(96)
    with Sharing(tmp_path, bootstrap_servers, server) as sharing:
        sharing.editor.add(wanted)
        producers = [sharing.start(key) for key in KEYS]
        sharing.await_covered(wanted, 3)
        times = []
        for killed in (0, 1, 2):
            producers[killed].kill()
            begun = time.monotonic()
            sharing.await_covered(wanted, 2)
            times.append(time.monotonic() - begun)
            producers[killed] = sharing.start(KEYS[killed])
            sharing.await_covered(wanted, 3)
        producers[0].process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        sharing.await_covered(wanted, 2)
        left_s = time.monotonic() - begun
        assert producers[0].process.wait(TIMEOUT_S) == 0
        account = sharing.settled()
    assert max(times) < FAILOVER_S
    assert left_s < scaled(5)
    assert sharing.longest_double_s == 0
    assert account.unkept() == []
    found = difference(account, runs=[3, 4, 5])
    assert (found.lost, found.odd) == ({}, {})
    tell(
        "each of three producers is killed in turn, and one is stopped",
        "all symbols go to the other two, each covered once; all that arrived is in Kafka",
        f"moved in {', '.join(f'{each:.1f}' for each in times)} s; after a stop in {left_s:.1f} s",
    )


@pytest.mark.faults
def test_a_producer_that_was_frozen_leaves_what_others_have_by_then(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, tell: Tell
) -> None:
    wanted = symbols(20)
    with Sharing(tmp_path, bootstrap_servers, server) as sharing:
        sharing.editor.add(wanted)
        frozen, _ = (sharing.start(key) for key in KEYS[:2])
        sharing.await_covered(wanted, 2)
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: any(share == set(wanted) for share in sharing.shares()), "all at the other")
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        begun = time.monotonic()
        sharing.await_covered(wanted, 2)
        left_s = time.monotonic() - begun
        account = sharing.settled()
    assert account.unkept() == []
    found = difference(account, runs=[0, 1])
    assert (found.lost, found.odd) == ({}, {})
    tell(
        "a producer is frozen for longer than a session lasts, and goes on",
        "the other has its symbols meanwhile, and each is covered once again; all that arrived is in Kafka",
        f"covered once again in {left_s:.1f} s, {len(account.trades)} trades",
    )


@pytest.mark.faults
def test_producers_keep_their_symbols_while_kafka_is_frozen(
    tmp_path: Path, bootstrap_servers: str, kafka_stack: Stack, server: SimulatedFinnhub, tell: Tell
) -> None:
    wanted = symbols(20)
    with Sharing(tmp_path, bootstrap_servers, server) as sharing:
        sharing.editor.add(wanted)
        for key in KEYS[:2]:
            sharing.start(key)
        sharing.await_covered(wanted, 2)
        before = sharing.shares()
        kafka_stack.pause("kafka-1")
        try:
            wait_until(lambda: all(each.logs("out of reach") for each in sharing.producers), "the end of the session")
            assert sharing.shares() == before
        finally:
            kafka_stack.resume("kafka-1")
        # A broker that was frozen for this long may join its cluster again only after a while.
        wait_until(lambda: is_added(sharing, "AAPL"), "a broker that answers")
        sharing.await_covered([*wanted, "AAPL"], 2)
        account = sharing.settled()
    assert [share - {"AAPL"} for share in before] == before
    # The broker has forgotten both: until both are back in the group, one may be given what the other still holds.
    assert sharing.longest_double_s < scaled(5)
    assert account.unkept() == []
    found = difference(account, runs=[0, 1])
    assert (found.lost, found.odd) == ({}, {})
    tell(
        "Kafka is frozen for longer than a session lasts",
        "every producer keeps its symbols, and all that arrived is in Kafka",
        f"{len(account.trades)} trades; a symbol at two producers for {sharing.longest_double_s:.2f} s at most",
    )


@pytest.mark.faults
def test_a_producer_whose_buffer_is_full_stays_a_member_and_unsubscribes_removed_symbols(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, tell: Tell
) -> None:
    wanted = symbols(20)
    with Sharing(tmp_path, bootstrap_servers, server) as sharing:
        # Records wait this long for others in their batch, and the buffer is small: publishing blocks as long.
        sharing.variables |= {"TAPELINE_KAFKA_LINGER_MS": "90000", "TAPELINE_KAFKA_BUFFER_MESSAGES": "100"}
        sharing.editor.add(wanted)
        for key in KEYS[:2]:
            sharing.start(key)
        sharing.await_covered(wanted, 2)
        wait_until(lambda: all(each.logs("buffer is full") for each in sharing.producers), "full buffers")
        members = describe_instances(sharing.kafka)
        begun = time.monotonic()
        sharing.editor.remove(wanted[:5])
        sharing.await_covered(wanted[5:], 2)
        removed_s = time.monotonic() - begun
        while time.monotonic() < begun + MAX_POLL_MS / 1000 + 5:
            assert describe_instances(sharing.kafka) == members
            time.sleep(1)
        assert not any(each.logs("buffer has room again") for each in sharing.producers)
    assert len(members) == 2
    assert sharing.longest_double_s == 0
    tell(
        "Kafka takes no record for longer than a member may be silent",
        "producers stay members, and a symbol that is removed is left all the same",
        f"left in {removed_s:.1f} s",
    )
