"""Inhibition of alerts by others, tested with a real Alertmanager."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.alert_rules import alerts
from tests.support.alertmanager import Webhook, post_alerts, running_alertmanager, states
from tests.support.timeouts import wait_until

pytestmark = [pytest.mark.servers, pytest.mark.needs("alertmanager")]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as webhook:
        yield webhook


@pytest.fixture
def manager(tmp_path: Path, webhook: Webhook) -> Iterator[str]:
    """The URL of an Alertmanager without alerts."""
    with running_alertmanager(tmp_path, pager_url=f"{webhook.url}pager", chat_url=f"{webhook.url}chat") as url:
        yield url


def fire(manager: str, *names: str, environment: str = "dev") -> None:
    post_alerts(
        manager,
        [
            {
                "alertname": name,
                "environment": environment,
                **({"objective": name.partition("Burns")[0].lower()} if "Burns" in name else {}),
                **alerts()[name]["labels"],
            }
            for name in names
        ],
    )


def wait_until_inhibited(manager: str, expected: set[str]) -> None:
    """Wait until exactly these alerts are suppressed. Alertmanager decides when it evaluates a group."""

    def inhibited() -> set[str]:
        return {name for name, state in states(manager).items() if state == "suppressed"}

    wait_until(lambda: inhibited() == expected, f"exactly these are suppressed: {sorted(expected)}")


CASES = {
    "KafkaDown": {
        "KafkaBrokerDown", "KafkaNoController", "KafkaUnderReplicated", "KafkaUnderMinIsr", "KafkaOfflinePartitions", "KafkaDiskFailed",
        "PublisherBufferFilling", "ProgramNotReady", "FeedSilent", "AggregatorDown", "AggregatorStalled", "AggregatorBatchFailed",
        "AggregatorQueryStopped", "AggregatorRestarting", "ConsumerLagGrowing", "MicroBatchSlow",
    },
    "KafkaBrokerDown": {"KafkaUnderReplicated"},
    "CassandraDown": {
        "CassandraNodeDown", "CassandraDroppingWrites", "CassandraRequestsFailing", "ProgramNotReady", "AggregatorDown", "AggregatorStalled",
        "AggregatorBatchFailed", "AggregatorQueryStopped", "AggregatorRestarting", "ConsumerLagGrowing", "MicroBatchSlow",
    },
    "CassandraNodeDown": {"CassandraRequestsFailing"},
    "FeedDisconnected": {"FeedSilent", "FeedReconnectStorm", "ProgramNotReady"},
    "ProducerDown": {"FeedDisconnected", "FeedSilent", "PublisherBufferFilling"},
    "AggregatorDown": {"AggregatorStalled", "AggregatorQueryStopped", "ConsumerLagGrowing", "MicroBatchSlow", "CheckpointSlow"},
    "FreshnessBurnsFast": {"FreshnessBurnsSlowly"},
}  # fmt: skip
ALL_CAUSES = (
    "KafkaDown",
    "CassandraDown",
    "FeedDisconnected",
    "ProducerDown",
    "AggregatorDown",
    "KafkaBrokerDown",
    "CassandraNodeDown",
)


@pytest.mark.parametrize("cause", CASES)
def test_a_cause_inhibits_its_consequences_and_nothing_else(manager: str, cause: str) -> None:
    # All other alerts that inhibit nothing fire as well, and must stay active.
    others = [name for name in alerts() if name not in ALL_CAUSES and not name.endswith("BurnsFast")]
    inhibited = set(CASES[cause])
    for name in CASES[cause] & set(CASES):
        inhibited |= CASES[name]
    fire(manager, cause, *{*others, *CASES[cause]} - {cause})
    wait_until_inhibited(manager, inhibited)


def test_critical_alerts_are_never_inhibited(manager: str) -> None:
    """With all alerts firing, every component is broken: exactly the alerts that follow one, and the slow burns, are inhibited."""
    fire(manager, *alerts())
    following = {name for name, alert in alerts().items() if "follows" in alert["labels"]}
    wait_until_inhibited(manager, following | {name for name in alerts() if name.endswith("BurnsSlowly")})
    for name, alert in alerts().items():
        if alert["labels"]["severity"] == "critical":
            assert states(manager)[name] == "active"


def test_a_cause_inhibits_nothing_in_another_environment(manager: str) -> None:
    fire(manager, "KafkaDown", environment="production")
    fire(manager, "PublisherBufferFilling", environment="dev")
    wait_until_inhibited(manager, set())
    assert states(manager) == {"KafkaDown": "active", "PublisherBufferFilling": "active"}


def test_an_inhibited_alert_sends_no_notification_and_others_reach_their_receiver(
    manager: str, webhook: Webhook
) -> None:
    fire(manager, "KafkaDown")
    fire(manager, "TradesUnacknowledged", "PublisherBufferFilling")
    expected = {("chat", "KafkaDown"), ("pager", "TradesUnacknowledged")}
    wait_until(
        lambda: {(alert["receiver"], alert["name"]) for alert in webhook.seen} == expected, f"notifications: {expected}"
    )
    wait_until_inhibited(manager, {"PublisherBufferFilling"})
    assert not webhook.notified("PublisherBufferFilling", "firing")
