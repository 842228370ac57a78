"""What every publisher promises, whatever is behind it."""

import random
import threading
import time
from collections.abc import Iterator

import pytest

from domain.candle_revision import CandleVersion
from domain.candle_update import CandleUpdate
from domain.record import decode, encode
from domain.rejection import DeadLetter
from domain.rules import Rules
from domain.session_record import decode_event
from ports.errors import BrokerError
from ports.publisher import Publishable
from tests.support.timeouts import TIMEOUT_S, wait_until

from .brokers import (
    Broker,
    Session,
    by_key,
    make_dead_letter,
    make_event,
    make_trade,
    make_trades,
    offsets,
    publish,
    read,
)
from .stores import make_candle

LENIENT = Rules(max_age_ms=2**45)


class PublisherContract:
    """A subclass needs two fixtures: `broker`, and `small_broker` with room for 10 records."""

    @pytest.fixture
    def session(self, broker: Broker) -> Iterator[Session]:
        with Session(broker) as session:
            yield session

    @pytest.fixture
    def small_session(self, small_broker: Broker) -> Iterator[Session]:
        with Session(small_broker) as session:
            yield session

    def test_a_trade_comes_out_as_its_record_under_its_symbol(self, session: Session) -> None:
        trade = make_trade()
        publish(session.publisher(), [trade])
        [record] = read(session.subscriber(), 1)
        assert record.topic == session.broker.trades_topic
        assert record.key == b"BINANCE:BTCUSDT"
        assert record.value == encode(trade)
        assert record.headers == ()
        assert decode(record.value, appended_ms=record.appended_ms, rules=Rules()) == trade

    def test_a_dead_letter_may_be_as_large_as_the_largest_frame(self, session: Session) -> None:
        letter = make_dead_letter(random.Random(1).randbytes(16 * 1024 * 1024))
        publish(session.publisher(), [letter])
        [record] = read(session.dead_letters(), 1)
        assert DeadLetter.from_headers(record.value, dict(record.headers)) == letter

    def test_the_trades_of_a_symbol_share_a_partition_and_keep_their_order(self, session: Session) -> None:
        trades = make_trades(2_000, symbols=20)
        publish(session.publisher(), trades)
        records = read(session.subscriber(), len(trades))
        published = {
            symbol.encode(): [encode(trade) for trade in trades if trade.symbol == symbol]
            for symbol in {trade.symbol for trade in trades}
        }
        assert by_key(records) == published
        partitions = {record.key: record.partition for record in records}
        assert all(record.partition == partitions[record.key] for record in records)
        assert len(set(partitions.values())) > 1

    def test_offsets_count_up_without_gaps(self, session: Session) -> None:
        publish(session.publisher(), make_trades(300, symbols=20))
        for found in offsets(read(session.subscriber(), 300)).values():
            assert found == list(range(len(found)))

    def test_a_dead_letter_comes_out_as_it_was(self, session: Session) -> None:
        letters = [make_dead_letter(bytes(range(256))), make_dead_letter(b"not json \xc3\x28"), make_dead_letter(b"{}")]
        publish(session.publisher(), letters)
        records = read(session.dead_letters(), len(letters))
        found = [DeadLetter.from_headers(record.value, dict(record.headers)) for record in records]
        assert sorted(found, key=lambda letter: letter.payload) == sorted(letters, key=lambda letter: letter.payload)
        assert all(record.key is None for record in records)
        assert all(record.topic == session.broker.dead_letters_topic for record in records)

    def test_an_event_comes_out_as_its_record_under_its_producer(self, session: Session) -> None:
        events = [make_event(number, f"producer-{number % 3}") for number in range(60)]
        publish(session.publisher(), events)
        records = read(session.events(), len(events))
        found = [decode_event(record.value, appended_ms=record.appended_ms, rules=LENIENT) for record in records]
        for instance in {event.instance for event in events}:
            mine = [event for event, record in zip(found, records, strict=True) if record.key == instance.encode()]
            assert mine == [event for event in events if event.instance == instance]
        assert all(record.topic == session.broker.events_topic for record in records)

    def test_the_versions_of_a_candle_come_out_in_order_under_its_key(self, session: Session) -> None:
        candles = [make_candle(symbol, trade_count=count) for count in range(30) for symbol in ("AAPL", "MSFT")]
        versions = [CandleVersion(candle=candle, known_at_ms=candle.trade_count) for candle in candles]
        updates = [CandleUpdate(version=version, is_final=version.known_at_ms == 29) for version in versions]
        publish(session.publisher(), updates)
        records = read(session.subscriber(topics=[session.broker.candles_topic]), len(updates))
        for key, values in by_key(records).items():
            found = [CandleUpdate.decode(value) for value in values]
            assert found == [update for update in updates if update.key.encode() == key]

    def test_the_completed_prefix_grows_up_to_all_that_was_published(self, session: Session) -> None:
        publisher = session.publisher()
        completed_prefix = 0
        items: list[Publishable] = [*make_trades(300), make_event(), make_dead_letter()]
        for number, item in enumerate(items, 1):
            publisher.publish(item)
            deliveries = publisher.flush(0)
            assert completed_prefix <= deliveries.completed_prefix <= number
            assert deliveries.completed_prefix <= deliveries.acknowledged
            completed_prefix = deliveries.completed_prefix
        assert publisher.flush(TIMEOUT_S).completed_prefix == 302

    def test_a_record_bears_the_time_of_the_brokers_clock(self, session: Session) -> None:
        before_ms = int(time.time() * 1000)
        publish(session.publisher(), [make_trade()])
        [record] = read(session.subscriber(), 1)
        assert before_ms <= record.appended_ms <= time.time() * 1000

    def test_flush_waits_until_all_is_acknowledged(self, session: Session) -> None:
        publisher = session.publisher()
        for trade in make_trades(500):
            publisher.publish(trade)
        deliveries = publisher.flush(TIMEOUT_S)
        assert (deliveries.acknowledged, deliveries.failed, deliveries.pending) == (500, 0, 0)

    def test_flush_of_0_does_not_wait_and_all_is_accounted_for(self, session: Session) -> None:
        publisher = session.publisher()
        for trade in make_trades(500):
            publisher.publish(trade)
            deliveries = publisher.flush(0)
            assert (
                deliveries.acknowledged + deliveries.failed + deliveries.pending
                == trade.timestamp_ms - make_trade().timestamp_ms + 1
            )

        def completed_prefix() -> bool:
            return publisher.flush(0).acknowledged == 500

        wait_until(completed_prefix)

    def test_nothing_is_lost_and_order_is_kept_when_there_is_little_room(self, small_session: Session) -> None:
        trades = make_trades(1_000, symbols=3)
        publisher, subscriber = small_session.publisher(buffer=10), small_session.subscriber()
        values: list[bytes] = []

        def read_and_commit() -> None:
            while len(values) < len(trades):
                values.extend(record.value for record in subscriber.read(1.0))
                subscriber.commit()

        reader = threading.Thread(target=read_and_commit)
        reader.start()
        publish(publisher, trades)
        reader.join(TIMEOUT_S)
        assert not reader.is_alive()
        for symbol in {trade.symbol for trade in trades}:
            mark = f'"{symbol}"'.encode()
            assert [value for value in values if mark in value] == [encode(t) for t in trades if t.symbol == symbol]

    def test_it_publishes_only_while_open(self, session: Session) -> None:
        publisher = session.broker.new_publisher()
        with pytest.raises(BrokerError):
            publisher.publish(make_trade())
        publisher.start()
        publish(publisher, [make_trade()])
        publisher.close()
        with pytest.raises(BrokerError):
            publisher.publish(make_trade())

    def test_closing_twice_is_fine_and_the_count_stays(self, session: Session) -> None:
        publisher = session.publisher()
        publish(publisher, make_trades(3))
        publisher.close()
        publisher.close()
        deliveries = publisher.flush(1.0)
        assert (deliveries.acknowledged, deliveries.failed, deliveries.pending) == (3, 0, 0)

    def test_closing_what_was_never_started_is_fine(self, session: Session) -> None:
        session.broker.new_publisher().close()
