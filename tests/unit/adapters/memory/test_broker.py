"""How the broker in memory stays bounded, and the errors when it cannot."""

import threading

import pytest

from adapters.memory.broker import MemoryBroker
from adapters.memory.partitioner import murmur2, partition_of
from adapters.memory.publisher import MemoryPublisher
from adapters.memory.subscriber import MemorySubscriber
from domain.record import encode
from ports.errors import BrokerError
from tests.contract.brokers import make_trade, make_trades
from tests.support.timeouts import TIMEOUT_S

IMPATIENT_S = 0.05


def values(subscriber: MemorySubscriber) -> list[bytes]:
    return [record.value for record in subscriber.read(0)]


def test_a_topic_that_nobody_reads_forgets_its_oldest_records() -> None:
    broker = MemoryBroker(partitions=1, capacity=10)
    trades = make_trades(25)
    with MemoryPublisher(broker) as publisher:
        for trade in trades:
            publisher.publish(trade)
    with MemorySubscriber(broker, "late") as late:
        assert values(late) == [encode(trade) for trade in trades[15:]]
    assert broker.end_offsets("trades") == {0: 25}


def test_what_a_group_has_not_committed_is_never_forgotten() -> None:
    broker = MemoryBroker(partitions=1, capacity=10, full_timeout_s=IMPATIENT_S)
    with MemoryPublisher(broker) as publisher, MemorySubscriber(broker, "slow") as slow:
        for trade in make_trades(10):
            publisher.publish(trade)
        with pytest.raises(BrokerError, match=r"trades/0 is full.* slow did not commit"):
            publisher.publish(make_trade(10))
        assert values(slow) == [encode(trade) for trade in make_trades(10)]
        with pytest.raises(BrokerError):
            publisher.publish(make_trade(10))  # read, and still not committed
        slow.commit()
        publisher.publish(make_trade(10))
        assert values(slow) == [encode(make_trade(10))]


def test_a_waiting_publisher_goes_on_once_a_group_commits() -> None:
    broker = MemoryBroker(partitions=1, capacity=10, full_timeout_s=TIMEOUT_S)
    with MemoryPublisher(broker) as publisher, MemorySubscriber(broker, "slow") as slow:
        for trade in make_trades(10):
            publisher.publish(trade)
        waiting = threading.Thread(target=publisher.publish, args=[make_trade(10)])
        waiting.start()
        slow.read(0)
        slow.commit()
        waiting.join(TIMEOUT_S)
        assert values(slow) == [encode(make_trade(10))]


def test_the_slowest_group_counts() -> None:
    broker = MemoryBroker(partitions=1, capacity=4, full_timeout_s=IMPATIENT_S)
    with (
        MemoryPublisher(broker) as publisher,
        MemorySubscriber(broker, "quick") as quick,
        MemorySubscriber(broker, "slow") as slow,
    ):
        for trade in make_trades(4):
            publisher.publish(trade)
        quick.read(0)
        quick.commit()
        slow.read(0, max_records=1)
        slow.commit()
        publisher.publish(make_trade(4))
        with pytest.raises(BrokerError, match=r": 4 records that slow did not commit"):
            publisher.publish(make_trade(5))


def test_a_group_that_left_without_a_commit_holds_nothing_back() -> None:
    broker = MemoryBroker(partitions=1, capacity=4, full_timeout_s=IMPATIENT_S)
    with MemoryPublisher(broker) as publisher:
        with MemorySubscriber(broker, "passer-by") as passer_by:
            publisher.publish(make_trade())
            passer_by.read(0)
        for trade in make_trades(20):
            publisher.publish(trade)


def test_a_read_that_waits_is_given_nothing_once_its_member_has_left() -> None:
    broker = MemoryBroker()
    leaves, stays = MemorySubscriber(broker, "readers"), MemorySubscriber(broker, "readers")
    leaves.start()
    given: list[object] = []
    waiting = threading.Thread(target=lambda: given.extend(leaves.read(0.5)))
    waiting.start()
    leaves.close()
    with stays, MemoryPublisher(broker) as publisher:
        for trade in make_trades(20, symbols=20):
            publisher.publish(trade)
        waiting.join(TIMEOUT_S)
        assert given == []
        assert len(values(stays)) == 20


def test_the_clock_is_the_brokers() -> None:
    broker = MemoryBroker(now_ms=lambda: 42)
    with MemoryPublisher(broker) as publisher, MemorySubscriber(broker, "readers") as subscriber:
        publisher.publish(make_trade())
        assert [record.appended_ms for record in subscriber.read(0)] == [42]


def test_the_lag_of_a_group_is_what_it_has_not_committed() -> None:
    broker = MemoryBroker()
    with MemoryPublisher(broker) as publisher, MemorySubscriber(broker, "readers") as subscriber:
        for trade in make_trades(30, symbols=7):
            publisher.publish(trade)
        subscriber.read(0)
        assert broker.lag("readers") == 30
        subscriber.commit()
        assert broker.lag("readers") == 0
        assert broker.lag("nobody") == 0


@pytest.mark.parametrize("wrong", [{"partitions": 0}, {"capacity": 0}])
def test_a_broker_has_partitions_and_room(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        MemoryBroker(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        # From the tests of Kafka's own clients (org.apache.kafka.common.utils.UtilsTest).
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    ],
)
def test_the_hash_is_kafkas(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed & 0xFFFFFFFF
    assert partition_of(key, 4) == (signed & 0x7FFFFFFF) % 4


def test_a_topic_that_no_group_reads_keeps_its_newest_records_by_bytes() -> None:
    broker = MemoryBroker(partitions=1, capacity_bytes=100)
    for number in range(10):
        broker.append("trades.dlq", key=None, value=bytes([number]) * 30)
    with MemorySubscriber(broker, "late", ["trades.dlq"]) as late:
        assert [record.value[0] for record in late.read(0)] == [7, 8, 9]


def test_a_record_larger_than_a_partition_is_kept_alone() -> None:
    broker = MemoryBroker(partitions=1, capacity_bytes=100)
    broker.append("trades.dlq", key=None, value=b"small")
    broker.append("trades.dlq", key=None, value=b"x" * 1000)
    with MemorySubscriber(broker, "late", ["trades.dlq"]) as late:
        assert [len(record.value) for record in late.read(0)] == [1000]


def test_a_group_that_reads_the_topic_loses_nothing_to_the_bound_of_bytes() -> None:
    broker = MemoryBroker(partitions=1, capacity_bytes=100, full_timeout_s=IMPATIENT_S)
    with MemorySubscriber(broker, "slow", ["trades"]) as slow:
        for _ in range(3):
            broker.append("trades", key=None, value=b"x" * 30)
        with pytest.raises(BrokerError, match="slow did not commit"):
            broker.append("trades", key=None, value=b"x" * 30)
        assert len(slow.read(0)) == 3
        slow.commit()
        broker.append("trades", key=None, value=b"x" * 30)
