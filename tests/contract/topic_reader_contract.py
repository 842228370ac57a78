"""What every topic reader promises, and the replay of dead letters over a real or an in-memory broker."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from adapters.finnhub.protocol import parse_message
from apps.services.dead_letter_replay import DeadLetterReplay
from domain.dead_letters import LetterFilter
from domain.feed import Frame
from domain.intake import Intake
from domain.record import decode, encode
from domain.rejection import DeadLetter, Reason, Rejection
from domain.rules import DAY_MS, Rules
from domain.trade import Trade
from ports.errors import BrokerError
from ports.publisher import Publisher

from .brokers import Broker, Session, make_dead_letter, make_trade, make_trades, publish, read

NOW_MS = 1_700_000_000_000
OLD_MS = NOW_MS - 40 * DAY_MS
PATIENT = Rules(max_age_ms=60 * DAY_MS)


class TopicReaderContract:
    """Subclasses provide the fixture `broker`."""

    @pytest.fixture
    def session(self, broker: Broker) -> Iterator[Session]:
        with Session(broker) as session:
            yield session

    def test_it_reads_all_records_of_a_topic_and_ends(self, session: Session) -> None:
        trades = make_trades(200, symbols=20)
        publish(session.publisher(), trades)
        records = list(session.reader().read(session.broker.trades_topic))
        assert Counter(record.value for record in records) == Counter(map(encode, trades))
        for partition in {record.partition for record in records}:
            offsets = [record.offset for record in records if record.partition == partition]
            assert offsets == sorted(offsets)

    def test_it_reads_a_topic_again_with_what_has_come_since(self, session: Session) -> None:
        reader, publisher = session.reader(), session.publisher()
        publish(publisher, [make_trade()])
        first = list(reader.read(session.broker.trades_topic))
        publish(publisher, [make_trade(1)])
        assert len(first) == 1
        assert len(list(reader.read(session.broker.trades_topic))) == 2

    def test_an_empty_topic_has_no_records(self, session: Session) -> None:
        assert list(session.reader().read(session.broker.dead_letters_topic)) == []

    def test_no_group_notices_it(self, session: Session) -> None:
        publish(session.publisher(), make_trades(30))
        list(session.reader().read(session.broker.trades_topic))
        assert len(read(session.subscriber(), 30)) == 30

    def test_it_finds_a_record_by_its_place(self, session: Session) -> None:
        publish(session.publisher(), make_trades(20, symbols=5))
        reader = session.reader()
        for record in list(reader.read(session.broker.trades_topic)):
            assert reader.read_one(record.topic, record.partition, record.offset) == record

    def test_a_place_without_a_record_has_none(self, session: Session) -> None:
        publish(session.publisher(), [make_trade()])
        reader = session.reader()
        (record,) = reader.read(session.broker.trades_topic)
        assert reader.read_one(record.topic, record.partition, record.offset + 1) is None


class DeadLetterReplayContract:
    """Subclasses provide the fixture `broker`."""

    @pytest.fixture
    def session(self, broker: Broker) -> Iterator[Session]:
        with Session(broker) as session:
            yield session

    @pytest.fixture
    def publisher(self, session: Session) -> Publisher:
        return session.publisher()

    def test_letters_that_pass_newer_rules_become_trades_with_an_identity(
        self, session: Session, publisher: Publisher
    ) -> None:
        letters = rejected(frame(tick(OLD_MS), tick(OLD_MS), tick(OLD_MS, price=2), tick(OLD_MS, price=-1)))
        publish(publisher, letters)
        service = replay_of(session, publisher)
        report = service.replay(service.find(LetterFilter()))
        assert (report.accepted, report.trades, report.rejected) == (3, 3, {"price_not_positive": 1})
        ids = [trade.trade_id.split("-")[0] for trade in published_trades(session)]
        assert sorted(ids) == ["0000", "0001", "0002"]

    def test_what_was_replayed_is_not_replayed_again(self, session: Session, publisher: Publisher) -> None:
        publish(publisher, rejected(frame(tick(OLD_MS))))
        service = replay_of(session, publisher)
        service.replay(service.find(LetterFilter()))
        assert service.find(LetterFilter()) == []
        (done,) = service.find(LetterFilter(include_replayed=True))
        assert (done.attempts, done.is_replayed) == (1, True)
        assert len(published_trades(session)) == 1

    def test_a_dry_run_publishes_nothing(self, session: Session, publisher: Publisher) -> None:
        publish(publisher, rejected(frame(tick(OLD_MS))))
        service = replay_of(session, publisher)
        report = service.replay(service.find(LetterFilter()), dry_run=True)
        assert report.accepted == 1
        assert published_trades(session) == []
        assert [stored.attempts for stored in service.find(LetterFilter())] == [0]

    def test_a_letter_that_fails_each_time_is_left_alone(self, session: Session, publisher: Publisher) -> None:
        publish(publisher, [make_dead_letter()])
        service = replay_of(session, publisher, max_attempts=2)
        reports = [service.replay(service.find(LetterFilter())) for _ in range(3)]
        assert [(report.rejected.total(), report.exhausted) for report in reports] == [(1, 0), (1, 0), (0, 1)]

    def test_a_trade_that_a_later_stage_rejects_again_does_not_go_round_in_circles(
        self, session: Session, publisher: Publisher
    ) -> None:
        publish(publisher, rejected(frame(tick(OLD_MS))))
        service = replay_of(session, publisher, max_attempts=3)
        replays = []
        for _ in range(5):
            replays.append(service.replay(service.find(LetterFilter())).trades)
            # All trades are of one symbol, and so in one partition.
            newest = list(session.reader().read(session.broker.trades_topic))[-1]
            if replays[-1]:
                # The later stage has stricter rules than the replay.
                outcome = decode(newest.value, appended_ms=NOW_MS, rules=Rules())
                assert isinstance(outcome, Rejection)
                letter = DeadLetter(payload=newest.value, rejection=outcome, source=newest.source, rejected_ms=NOW_MS)
                publish(publisher, [letter])
        assert replays == [1, 1, 1, 0, 0]

    def test_a_letter_of_a_later_stage_keeps_the_identity_of_its_trade(
        self, session: Session, publisher: Publisher
    ) -> None:
        old = make_trade()
        rejection = Rejection(reason=Reason.TOO_OLD)
        publish(
            publisher,
            [DeadLetter(payload=encode(old), rejection=rejection, source="trades/0/7", rejected_ms=old.received_ms)],
        )
        service = replay_of(session, publisher)
        service.replay(service.find(LetterFilter()))
        assert published_trades(session) == [old]

    def test_a_whole_frame_that_can_be_decoded_now_becomes_its_trades(
        self, session: Session, publisher: Publisher
    ) -> None:
        payload = frame(tick(NOW_MS), tick(NOW_MS + 1))
        rejection = Rejection(reason=Reason.MALFORMED, detail="as an older decoder saw it")
        publish(publisher, [DeadLetter(payload=payload, rejection=rejection, source="finnhub", rejected_ms=NOW_MS)])
        service = replay_of(session, publisher)
        report = service.replay(service.find(LetterFilter(reasons=frozenset({Reason.MALFORMED}))))
        assert (report.letters, report.trades) == (1, 2)

    def test_filters_choose_by_reason_source_and_time(self, session: Session, publisher: Publisher) -> None:
        publish(publisher, [*rejected(frame(tick(OLD_MS), tick(NOW_MS, price=-1))), make_dead_letter()])
        service = replay_of(session, publisher)
        assert len(service.find(LetterFilter())) == 3
        assert len(service.find(LetterFilter(reasons=frozenset({Reason.TOO_OLD})))) == 1
        assert len(service.find(LetterFilter(source="sim"))) == 2
        assert len(service.find(LetterFilter(from_ms=NOW_MS))) == 2
        assert len(service.find(LetterFilter(to_ms=NOW_MS))) == 1

    def test_nothing_is_marked_when_trades_cannot_be_published(self, session: Session, publisher: Publisher) -> None:
        publish(publisher, rejected(frame(tick(OLD_MS))))
        service = replay_of(session, publisher)
        letters = service.find(LetterFilter())
        publisher.close()
        with pytest.raises(BrokerError):
            service.replay(letters)
        assert [stored.attempts for stored in service.find(LetterFilter())] == [0]


def replay_of(session: Session, publisher: Publisher, *, max_attempts: int = 3) -> DeadLetterReplay:
    return DeadLetterReplay(
        reader=session.reader(),
        publisher=publisher,
        decode_frame=parse_message,
        topic=session.broker.dead_letters_topic,
        rules=PATIENT,
        max_attempts=max_attempts,
    )


def tick(timestamp_ms: int, price: int = 1) -> dict[str, object]:
    return {"c": None, "p": price, "s": "BINANCE:BTCUSDT", "t": timestamp_ms, "v": 1}


def frame(*ticks: dict[str, object]) -> bytes:
    return json.dumps({"data": ticks, "type": "trade"}).encode()


def rejected(payload: bytes) -> list[DeadLetter]:
    """Return what the intake rejects of a frame by its default rules."""
    message = parse_message(payload, NOW_MS)
    assert isinstance(message, Frame)
    return list(Intake(source="simulated").accept(message).dead_letters)


def published_trades(session: Session) -> list[Trade]:
    records = session.reader().read(session.broker.trades_topic)
    found = [
        decode(record.value, appended_ms=record.appended_ms, rules=Rules(max_age_ms=10_000 * DAY_MS))
        for record in records
    ]
    assert not any(isinstance(trade, Rejection) for trade in found)
    return [trade for trade in found if isinstance(trade, Trade)]
