import uuid

import attrs
import pytest
from click.testing import CliRunner

from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.subscriber import KafkaSubscriber
from adapters.kafka.topics import Outcome, Profile, TopicReport, ensure_topics
from apps.admin import admin, topics
from ports.errors import BrokerError, TopicMissingError

pytestmark = pytest.mark.servers


@pytest.fixture
def settings(bootstrap_servers: str) -> KafkaSettings:
    name = f"trades-{uuid.uuid4().hex}"
    return KafkaSettings(
        bootstrap_servers=bootstrap_servers,
        trades_topic=name,
        dead_letters_topic=f"{name}.dlq",
        events_topic=f"{name}.events",
    )


def outcomes(reports: list[TopicReport]) -> list[Outcome]:
    return [report.outcome for report in reports]


def test_topics_are_created_once_as_wanted(settings: KafkaSettings) -> None:
    created = ensure_topics(settings, profile=Profile.DEV)
    assert [report.topic for report in created] == list(settings.topics)
    assert outcomes(created) == [Outcome.CREATED] * 3
    again = ensure_topics(settings, profile=Profile.DEV)
    assert outcomes(again) == [Outcome.EXISTS] * 3
    assert not any(report.differences for report in again)


def test_a_difference_is_told_and_not_changed(settings: KafkaSettings) -> None:
    ensure_topics(settings, profile=Profile.DEV)
    for _ in range(2):
        for report in ensure_topics(settings, profile=Profile.PRODUCTION, partitions=6):
            assert report.outcome is Outcome.DIFFERS
            assert report.differences == (
                "partitions is 4, not 6",
                "replicas is 1, not 3",
                "min.insync.replicas is 1, not 2",
            )


def test_partitions_are_added_on_request_and_never_taken_away(settings: KafkaSettings) -> None:
    ensure_topics(settings, profile=Profile.DEV, partitions=2)
    added = ensure_topics(settings, profile=Profile.DEV, partitions=5, add_partitions=True)
    assert outcomes(added) == [Outcome.PARTITIONS_ADDED] * 3
    assert outcomes(ensure_topics(settings, profile=Profile.DEV, partitions=5)) == [Outcome.EXISTS] * 3
    fewer = ensure_topics(settings, profile=Profile.DEV, partitions=2, add_partitions=True)
    assert outcomes(fewer) == [Outcome.DIFFERS] * 3


def test_more_copies_than_brokers_are_refused_in_words(settings: KafkaSettings) -> None:
    with pytest.raises(BrokerError, match="more than the cluster has brokers"):
        ensure_topics(settings, profile=Profile.PRODUCTION)


def test_no_topic_has_less_than_1_partition(settings: KafkaSettings) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ensure_topics(settings, profile=Profile.DEV, partitions=0)


def test_who_needs_a_missing_topic_is_told_how_to_create_it(settings: KafkaSettings) -> None:
    for client in (KafkaPublisher(settings), KafkaSubscriber(settings, "readers")):
        with pytest.raises(TopicMissingError, match="no topic trades-"):
            client.start()
        client.close()


def test_a_client_that_demands_more_replicas_is_not_started(settings: KafkaSettings) -> None:
    ensure_topics(settings, profile=Profile.DEV)
    strict = attrs.evolve(settings, min_replicas=3)
    with pytest.raises(BrokerError, match=f"fewer than 3 replicas: {settings.trades_topic} has 1"):
        KafkaPublisher(strict).start()


def test_the_command_prints_a_line_for_each_topic(settings: KafkaSettings, capsys: pytest.CaptureFixture[str]) -> None:
    assert topics(settings, profile=Profile.DEV)
    assert topics(settings, profile=Profile.DEV)
    assert not topics(settings, profile=Profile.DEV, partitions=6)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{settings.trades_topic}: created"
    assert lines[5] == f"{settings.trades_topic}: exists"
    assert lines[9] == f"{settings.watchlist_topic}: exists"
    assert lines[10] == f"{settings.trades_topic}: differs (partitions is 4, not 6)"


def test_the_command_may_be_run_again(bootstrap_servers: str) -> None:
    for _ in range(2):
        result = CliRunner().invoke(admin, ["topics", "--kafka-bootstrap-servers", bootstrap_servers])
        assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "trades: exists",
        "trades.dlq: exists",
        "feed.events: exists",
        "candles: exists",
        "watchlist: exists",
    ]


def test_without_a_broker_it_says_so(settings: KafkaSettings) -> None:
    away = attrs.evolve(settings, bootstrap_servers="127.0.0.1:1", connect_timeout_s=0.5)
    with pytest.raises(BrokerError, match=r"no Kafka broker at 127\.0\.0\.1:1"):
        ensure_topics(away, profile=Profile.DEV)
