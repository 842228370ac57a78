"""What every subscriber promises, whatever is behind it."""

import itertools
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from domain.record import TopicRecord, encode
from ports.errors import BrokerError
from ports.subscriber import Subscriber
from tests.support.timeouts import TIMEOUT_S, scaled, wait_until

from .brokers import (
    Broker,
    Session,
    make_dead_letter,
    make_trade,
    make_trades,
    offsets,
    publish,
    read,
)


class SubscriberContract:
    """A subclass needs the fixture `broker`."""

    @pytest.fixture
    def session(self, broker: Broker) -> Iterator[Session]:
        with Session(broker) as session:
            yield session

    def test_a_new_group_begins_at_the_oldest_record(self, session: Session) -> None:
        publish(session.publisher(), make_trades(50, symbols=5))
        assert len(read(session.subscriber(), 50)) == 50

    def test_every_group_reads_every_record(self, session: Session) -> None:
        publish(session.publisher(), make_trades(20))
        assert read(session.subscriber("one"), 20) == read(session.subscriber("other"), 20)

    def test_it_reads_all_the_topics_that_it_asks_for(self, session: Session) -> None:
        publish(session.publisher(), [make_trade(), make_dead_letter()])
        topics = [session.broker.trades_topic, session.broker.dead_letters_topic]
        assert {record.topic for record in read(session.subscriber(topics=topics), 2)} == set(topics)

    def test_records_that_were_not_committed_are_read_again(self, session: Session) -> None:
        publish(session.publisher(), make_trades(30, symbols=5))
        first = session.subscriber()
        before = read(first, 30)
        first.close()
        again = read(session.subscriber(), 30)
        assert offsets(again) == offsets(before)
        assert len(again) == 30

    def test_a_group_continues_after_its_commit(self, session: Session) -> None:
        publisher = session.publisher()
        publish(publisher, make_trades(30, symbols=5))
        first = session.subscriber()
        read(first, 30)
        first.commit()
        publish(publisher, make_trades(10, symbols=5, first=30))
        assert len(read(first, 10)) == 10
        first.close()
        later = read(session.subscriber(), 10)
        assert sorted(record.value for record in later) == sorted(
            encode(trade) for trade in make_trades(10, symbols=5, first=30)
        )

    def test_a_commit_covers_what_was_read_and_no_more(self, session: Session) -> None:
        publish(session.publisher(), make_trades(30))
        first = session.subscriber()
        given = read(first, 1, max_records=7)
        assert len(given) <= 7
        first.commit()
        first.close()
        rest = read(session.subscriber(), 30 - len(given))
        assert [record.value for record in [*given, *rest]] == [encode(trade) for trade in make_trades(30)]

    def test_it_returns_no_more_records_than_asked_for(self, session: Session) -> None:
        publish(session.publisher(), make_trades(50, symbols=5))
        subscriber = session.subscriber()
        records: list[TopicRecord] = []
        while len(records) < 50:
            some = subscriber.read(TIMEOUT_S, max_records=3)
            assert 1 <= len(some) <= 3
            records += some
        assert len({(record.partition, record.offset) for record in records}) == 50

    def test_it_returns_nothing_when_nothing_comes_in_time(self, session: Session) -> None:
        subscriber = session.subscriber()
        begun = time.monotonic()
        assert list(subscriber.read(0.3)) == []
        assert 0.25 <= time.monotonic() - begun < scaled(10)

    def test_a_record_that_comes_while_it_waits_is_given_at_once(self, session: Session) -> None:
        publisher, subscriber = session.publisher(), session.subscriber()
        publish(publisher, [make_trade(0)])
        read(subscriber, 1)  # from here on it is a member for sure
        timer = threading.Timer(0.3, lambda: publish(publisher, [make_trade(1)]))
        timer.start()
        begun = time.monotonic()
        assert len(subscriber.read(TIMEOUT_S)) == 1
        assert time.monotonic() - begun < TIMEOUT_S / 2
        timer.join()

    def test_two_members_share_the_partitions(self, session: Session) -> None:
        members = [session.subscriber(), session.subscriber()]
        shares = _shared(session, members)
        assert sum(map(len, shares)) == 400
        places = [{record.partition for record in share} for share in shares]
        assert not places[0] & places[1]

    def test_records_that_a_member_leaves_uncommitted_go_to_the_other(self, session: Session) -> None:
        stays, leaves = session.subscriber(), session.subscriber()
        _, left = _shared(session, [stays, leaves])
        stays.commit()
        leaves.close()
        assert offsets(read(stays, len(left))) == offsets(left)

    def test_it_reads_and_commits_only_while_open(self, session: Session) -> None:
        subscriber = session.broker.new_subscriber("readers", [session.broker.trades_topic])
        for _ in ("before", "after"):
            with pytest.raises(BrokerError):
                subscriber.read(0)
            with pytest.raises(BrokerError):
                subscriber.commit()
            subscriber.start()
            subscriber.close()

    def test_closing_twice_is_fine(self, session: Session) -> None:
        subscriber = session.subscriber()
        subscriber.close()
        subscriber.close()

    def test_a_commit_of_nothing_is_fine(self, session: Session) -> None:
        session.subscriber().commit()


def _shared(session: Session, members: Sequence[Subscriber]) -> list[list[TopicRecord]]:
    """Publish 400 records once each member has its part of the partitions, and give what each of them was given."""
    publisher = session.publisher()
    rounds = itertools.count(1)
    seen: set[bytes] = set()

    def all_served() -> bool:
        published = 40 * next(rounds)
        publish(publisher, make_trades(40, symbols=40, first=published - 40))
        given = [member.read(0.3) for member in members]
        seen.update(record.value for records in given for record in records)
        for member in members:
            member.commit()
        return all(given) and len(seen) == published

    wait_until(all_served)
    trades = make_trades(400, symbols=40, first=1_000_000)
    wanted = {encode(trade) for trade in trades}
    publish(publisher, trades)
    shares: list[list[TopicRecord]] = [[] for _ in members]

    def all_given() -> bool:
        for member, share in zip(members, shares, strict=True):
            share.extend(record for record in member.read(0.1) if record.value in wanted)
        return sum(map(len, shares)) >= len(trades)

    wait_until(all_given)
    assert all(shares)
    return shares
