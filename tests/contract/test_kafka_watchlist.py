"""The watchlist over a real Kafka, and what only Kafka's has: keys, members of one name, odd records, the description of the group."""

from __future__ import annotations

import time
import uuid

import attrs
import pytest
from confluent_kafka import Consumer, Producer

from adapters.finnhub.key_name import name_of_key
from adapters.kafka.codes import is_fatal
from adapters.kafka.instances import describe_instances
from adapters.kafka.settings import SESSION_MS, KafkaSettings
from adapters.kafka.topics import Outcome, ensure_watchlist
from adapters.kafka.watchlist import KafkaWatchlist
from adapters.kafka.watchlist_editor import KafkaWatchlistEditor
from apps.local_stack.parts import kafka_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from ports.errors import BrokerError, KeyInUseError, TopicMissingError
from ports.watchlist import Watchlist
from ports.watchlist_editor import WatchlistEditor
from tests.support.timeouts import TIMEOUT_S

from .watchlist_contract import SYMBOLS, Group, Lists, WatchlistContract

pytestmark = pytest.mark.servers


class Double:
    """Another member of the same name, as Kafka's client makes it."""

    def __init__(self, settings: KafkaSettings, name: str) -> None:
        self.consumer = Consumer(
            {
                **settings.consumer(settings.watchlist_group),
                "group.instance.id": name,
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": SESSION_MS,
            }
        )
        self.consumer.subscribe([settings.watchlist_topic])

    def is_fenced(self) -> bool:
        message = self.consumer.poll(0)
        error = None if message is None else message.error()
        return error is not None and is_fatal(error)


class OnKafka:
    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        ensure_watchlist(settings)

    def new_editor(self) -> WatchlistEditor:
        return KafkaWatchlistEditor(self._settings)

    def new_instance(self, cap: int, key: str | None = None) -> Watchlist:
        return KafkaWatchlist(self._settings, cap=cap, key=key)


@pytest.fixture
def settings(each_kafka_stack: Stack) -> KafkaSettings:
    return attrs.evolve(kafka_of(each_kafka_stack, ADMIN), watchlist_topic=f"watchlist-{uuid.uuid4().hex}")


@pytest.fixture
def lists(settings: KafkaSettings) -> Lists:
    return OnKafka(settings)


def write(settings: KafkaSettings, key: bytes, value: bytes | None, partition: int) -> None:
    producer = Producer(settings.client())
    producer.produce(settings.watchlist_topic, value, key, partition=partition)
    assert producer.flush(TIMEOUT_S) == 0


class TestKafkaWatchlist(WatchlistContract):
    def test_a_symbol_on_two_partitions_is_covered_once(self, group: Group, settings: KafkaSettings) -> None:
        group.editor.add(SYMBOLS)
        entry = group.editor.entries()[0]
        for partition in range(12):
            write(settings, entry.symbol.encode(), b'{"v":1,"added_ms":5}', partition)
        for _ in range(2):
            group.join()
        group.until_covered(SYMBOLS, by_each=12)
        assert [each.part for each in group.editor.entries() if each.symbol == entry.symbol] == [0]
        # An instance that has read one removal but not yet the next takes the symbol to be in the next partition.
        for instance in group.instances:
            instance.may_share = {entry.symbol}
        group.editor.remove([entry.symbol])
        group.until_covered([symbol for symbol in SYMBOLS if symbol != entry.symbol])

    def test_records_that_make_no_sense_do_no_harm(self, group: Group, settings: KafkaSettings) -> None:
        write(settings, b"\xff\xfe", b"{}", 0)
        write(settings, b"ODD", b'{"v":2,"new', 1)
        group.editor.add(["AAPL"])
        group.join()
        group.until_covered(["AAPL", "ODD"])
        assert [entry.symbol for entry in group.editor.entries()] == ["AAPL", "ODD"]

    def test_the_second_user_of_a_key_takes_the_place_of_the_first_which_is_notified(
        self, group: Group, settings: KafkaSettings
    ) -> None:
        group.editor.add(SYMBOLS)
        first = group.take(KafkaWatchlist(settings, cap=50, key="a-key"))
        group.until_covered(SYMBOLS)
        second = group.take(KafkaWatchlist(settings, cap=50, key="a-key"))
        # The first is notified before the second covers anything; otherwise both would have a symbol.
        with pytest.raises(KeyInUseError, match="same API key"):
            group.until(lambda: second.share is not None)
        assert second.share is None
        group.leave(first)
        group.until_covered(SYMBOLS)

    @pytest.mark.parametrize("was_frozen", [False, True])
    def test_a_member_that_is_cut_off_and_taken_for_two_joins_again_unless_it_was_frozen(
        self, group: Group, settings: KafkaSettings, *, was_frozen: bool
    ) -> None:
        group.editor.add(SYMBOLS)
        watchlist = KafkaWatchlist(settings, cap=50, key="a-key")
        member = group.take(watchlist)
        group.until_covered(SYMBOLS)
        # As if the brokers had been unavailable, and then found a second request to join that equals the first.
        assert watchlist._consumer is not None
        watchlist._on_lost(watchlist._consumer, [])
        if was_frozen:
            watchlist._polled_at -= SESSION_MS / 1000 + 1
        double = Double(settings, "a-key")
        try:
            if was_frozen:
                with pytest.raises(KeyInUseError, match="same API key"):
                    group.until(double.is_fenced)
                group.leave(member)
            else:
                group.until(double.is_fenced)
                group.until_covered(SYMBOLS)
                assert [each.name for each in describe_instances(settings)] == ["a-key"]
        finally:
            double.consumer.close()

    def test_a_member_that_dies_and_returns_in_time_has_its_partitions_again(
        self, group: Group, settings: KafkaSettings
    ) -> None:
        group.editor.add(SYMBOLS)
        dies = group.take(KafkaWatchlist(settings, cap=50, key="one"))
        stays = group.take(KafkaWatchlist(settings, cap=50, key="other"))
        group.until_covered(SYMBOLS, by_each=12)
        had, others = dies.share, stays.share
        group.instances.remove(dies)
        back = group.take(KafkaWatchlist(settings, cap=50, key="one"))
        group.until(lambda: back.share is not None)
        assert (back.share, stays.share) == (had, others)

    @pytest.mark.faults
    def test_a_key_in_use_on_another_machine_is_refused_unless_its_user_is_dead(
        self, group: Group, settings: KafkaSettings
    ) -> None:
        group.editor.add(SYMBOLS)
        there = KafkaWatchlist(settings, cap=50, key="a-key", host="there")
        first = group.take(there)
        group.until_covered(SYMBOLS)
        begun = time.monotonic()
        with pytest.raises(KeyInUseError, match="on there uses the same API key"):
            KafkaWatchlist(settings, cap=50, key="a-key", host="here").start()
        assert time.monotonic() - begun > SESSION_MS / 1000
        there.poll(first.cover)  # nobody has disturbed it
        consumer, there._consumer = there._consumer, None
        assert consumer is not None
        consumer.close()  # as if it died: it stays in the group until its session ends
        group.instances.remove(first)
        group.take(KafkaWatchlist(settings, cap=50, key="a-key", host="here"))
        group.until_covered(SYMBOLS)

    def test_the_group_is_described_with_its_partitions(self, group: Group, settings: KafkaSettings) -> None:
        assert describe_instances(settings) == []
        name = name_of_key("secret", "test")
        instance = group.take(KafkaWatchlist(settings, cap=7, key=name))
        group.until(lambda: instance.share is not None)
        (described,) = describe_instances(settings)
        assert (described.name, described.cap, described.partitions) == (name, 7, frozenset(range(12)))
        assert described.host
        group.leave(instance)
        assert describe_instances(settings) == []  # a member that ends on purpose leaves at once


def test_the_topic_is_made_once(settings: KafkaSettings) -> None:
    assert ensure_watchlist(settings).outcome is Outcome.CREATED
    assert ensure_watchlist(settings).outcome is Outcome.EXISTS


def test_a_missing_topic_or_broker_is_a_clear_error(settings: KafkaSettings) -> None:
    with pytest.raises(TopicMissingError, match="no topic watchlist-"):
        KafkaWatchlist(settings, cap=50, key=None).start()
    away = KafkaSettings(bootstrap_servers="127.0.0.1:1", connect_timeout_s=0.5)
    for connect in (KafkaWatchlist(away, cap=50, key=None).start, KafkaWatchlistEditor(away).start):
        with pytest.raises(BrokerError, match=r"no Kafka broker at 127\.0\.0\.1:1"):
            connect()
