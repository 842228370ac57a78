"""Kafka goes away in the middle of publishing: nothing is lost, order is kept, and no more is buffered than allowed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from structlog.testing import capture_logs

from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import SESSION_MS, KafkaSettings
from apps.local_stack.parts import kafka_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from domain.record import encode
from domain.trade import Trade
from ports.errors import BrokerError
from tests.contract.brokers import OnKafka, Session, by_key, make_trade, make_trades, publish, read
from tests.support.timeouts import TIMEOUT_S, scaled, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

KAFKA = "kafka-1"
BUFFER = 200


class Feeding:
    """A thread that publishes trades as fast as it may, and counts them."""

    def __init__(self, settings: KafkaSettings, count: int) -> None:
        self.trades = make_trades(count, symbols=7)
        self.published = 0
        self.error: BrokerError | None = None
        self.publisher = KafkaPublisher(settings, while_waiting=self._wait)
        self._waits = 0
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            for trade in self.trades:
                self._waits = 0
                self.publisher.publish(trade)
                self.published += 1
                time.sleep(0.001)
        except BrokerError as error:
            self.error = error

    def _wait(self) -> None:
        self._waits += 1

    @property
    def is_blocked(self) -> bool:
        """Whether one trade has waited for room for about a second."""
        return self._waits > 10

    def join(self) -> None:
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()


@pytest.fixture
def broker(each_kafka_stack: Stack) -> OnKafka:
    return OnKafka(kafka_of(each_kafka_stack, ADMIN))


@pytest.fixture
def session(broker: OnKafka) -> Iterator[Session]:
    with Session(broker) as session:
        yield session


@pytest.fixture
def revived(each_kafka_stack: Stack) -> Iterator[Stack]:
    """The stack, whose broker runs again at the end whatever happened."""
    yield each_kafka_stack
    each_kafka_stack.start(KAFKA)
    each_kafka_stack.resume(KAFKA)


def crash(stack: Stack) -> None:
    stack.kill(KAFKA)


def freeze(stack: Stack) -> None:
    stack.pause(KAFKA)


def restart(stack: Stack) -> None:
    stack.start(KAFKA)


def thaw(stack: Stack) -> None:
    stack.resume(KAFKA)


@pytest.mark.parametrize(("leave", "come_back"), [(crash, restart), (freeze, thaw)], ids=["crashes", "freezes"])
def test_nothing_is_lost_when_kafka(
    revived: Stack,
    broker: OnKafka,
    session: Session,
    leave: Callable[[Stack], None],
    come_back: Callable[[Stack], None],
) -> None:
    feeding = Feeding(broker.settings(BUFFER), 3_000)
    publisher = feeding.publisher
    publisher.start()
    subscriber = session.subscriber()
    publish(publisher, [make_trade(symbol="WARM")])
    records = read(subscriber, 1)
    with capture_logs() as logs:
        feeding.start()
        wait_until(lambda: feeding.published > 500)
        leave(revived)
        before = feeding.published
        wait_until(lambda: feeding.is_blocked)
        blocked_at = feeding.published
        assert blocked_at - before <= 2 * BUFFER  # what it accepted before it noticed, and a full buffer
        wait_until(lambda: any("buffer is full" in entry["event"] for entry in logs))
        assert feeding.published == blocked_at
        come_back(revived)
        feeding.join()
        deliveries = publisher.flush(TIMEOUT_S)
    assert (deliveries.acknowledged, deliveries.failed, deliveries.pending) == (3_001, 0, 0)
    # A line or two for each of the four partitions, as leaders come back, and not one for each attempt to connect.
    assert len([entry for entry in logs if entry["log_level"] != "debug"]) <= 16
    publisher.close()
    # The subscriber went through the outage as well, and has not committed.
    records += read(subscriber, 3_001 - len(records))
    values = by_key(records)
    del values[b"WARM"]
    assert values == by_trade(feeding.trades)


@pytest.mark.faults
def test_a_subscriber_reads_on_soon_after_an_outage_that_outlasts_its_session(
    revived: Stack, broker: OnKafka, session: Session
) -> None:
    trades = make_trades(100, symbols=7)
    publisher, subscriber = session.publisher(), session.subscriber()
    publish(publisher, trades[:50])
    read(subscriber, 50)
    subscriber.commit()
    publish(publisher, trades[50:])
    with capture_logs() as logs:
        crash(revived)
        # The client logs the end of its session, while it is polled.
        wait_until(
            lambda: not subscriber.read(0.1) and any(entry.get("facility") == "SESSTMOUT" for entry in logs),
            "the end of the session",
        )
    restart(revived)
    begun = time.monotonic()
    values = by_key(read(subscriber, 50))
    assert time.monotonic() - begun < scaled(2 * SESSION_MS / 1000)
    assert values == by_trade(trades[50:])


def by_trade(trades: Sequence[Trade]) -> dict[bytes | None, list[bytes]]:
    return {
        symbol.encode(): [encode(trade) for trade in trades if trade.symbol == symbol]
        for symbol in {trade.symbol for trade in trades}
    }


def test_close_ends_a_publish_that_waits_and_counts_what_it_discarded(revived: Stack, broker: OnKafka) -> None:
    feeding = Feeding(broker.settings(BUFFER), 3_000)
    publisher = feeding.publisher
    publisher.start()
    publish(publisher, [make_trade()])
    revived.pause(KAFKA)
    feeding.start()
    wait_until(lambda: feeding.is_blocked)  # other work of this thread is done meanwhile: it was called back
    begun = time.monotonic()
    publisher.close()
    feeding.join()
    assert time.monotonic() - begun < scaled(10)
    assert feeding.error is not None
    deliveries = publisher.flush(0)
    assert deliveries.acknowledged + deliveries.failed >= feeding.published
    assert (deliveries.pending, deliveries.failed > 0) == (0, True)


def test_a_subscriber_closes_in_time_while_kafka_hangs(revived: Stack, session: Session) -> None:
    publish(session.publisher(), make_trades(10))
    subscriber = session.subscriber()
    read(subscriber, 10)
    revived.pause(KAFKA)
    begun = time.monotonic()
    subscriber.close()
    assert time.monotonic() - begun < scaled(15)


def test_start_says_which_servers_do_not_answer() -> None:
    publisher = KafkaPublisher(KafkaSettings(bootstrap_servers="127.0.0.1:1", connect_timeout_s=0.5))
    with pytest.raises(BrokerError, match=r"127\.0\.0\.1:1 .*is it running"):
        publisher.start()
    publisher.close()


def test_looking_takes_no_time_while_nothing_is_acknowledged(broker: OnKafka, session: Session, revived: Stack) -> None:
    publisher = session.publisher()
    publish(publisher, [make_trade()])
    freeze(revived)
    publisher.publish(make_trade())
    begun = time.monotonic()
    for _ in range(100):
        assert publisher.flush(0).pending == 1
    assert time.monotonic() - begun < scaled(5)
