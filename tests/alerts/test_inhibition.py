"""Which alerts silence which, asked of a real Alertmanager."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.servers.monitoring_programs import alertmanager
from devstack.stack.monitoring_config import render
from devstack.stack.ports import Claims

from .alertmanager import Webhook, post_alerts, states
from .rules import ALERTMANAGER, alerts

pytestmark = [pytest.mark.servers, pytest.mark.needs("alertmanager")]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as webhook:
        yield webhook


@pytest.fixture
def manager(tmp_path: Path, webhook: Webhook) -> Iterator[str]:
    """The address of an Alertmanager that is empty."""
    config = tmp_path / "alertmanager.yml"
    values = {
        "GROUP_WAIT": "200ms", "GROUP_INTERVAL": "500ms",
        "PAGER_WEBHOOK_URL": f"{webhook.url}pager", "CHAT_WEBHOOK_URL": f"{webhook.url}chat",
    }  # fmt: skip
    config.write_text(render(ALERTMANAGER, values))
    with Claims() as claims:
        server = alertmanager(tmp_path, claims.next_free(["127.0.0.1"], 19093, what="a test"), config)
        server.prepare()
        with subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                until = time.monotonic() + 30
                while not server.is_ready(with_peers=False):
                    assert process.poll() is None
                    assert time.monotonic() < until
                    time.sleep(0.05)
                yield f"http://127.0.0.1:{server.port}"
            finally:
                process.terminate()


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


def silent(manager: str, expected: set[str]) -> None:
    """Wait until exactly these are suppressed: Alertmanager decides when it forms a group."""
    until = time.monotonic() + 10
    while {name for name, state in states(manager).items() if state == "suppressed"} != expected:
        assert time.monotonic() < until, states(manager)
        time.sleep(0.05)


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
def test_a_cause_silences_what_follows_and_nothing_else(manager: str, cause: str) -> None:
    # Beside what is expected, all that silences nothing: it must stay heard.
    others = [name for name in alerts() if name not in ALL_CAUSES and not name.endswith("BurnsFast")]
    silenced = set(CASES[cause])
    for name in CASES[cause] & set(CASES):
        silenced |= CASES[name]
    fire(manager, cause, *{*others, *CASES[cause]} - {cause})
    silent(manager, silenced)


def test_nothing_silences_what_users_feel(manager: str) -> None:
    fire(manager, *alerts())
    silent(manager, {name for name in states(manager) if states(manager)[name] == "suppressed"})
    known = states(manager)
    for name in ("FreshnessBurnsFast", "LatencyBurnsFast", "DeliveryBurnsFast", "TradesUnacknowledged"):
        assert known[name] == "active"


def test_a_fault_elsewhere_silences_nothing_here(manager: str) -> None:
    fire(manager, "KafkaDown", environment="production")
    fire(manager, "PublisherBufferFilling", environment="dev")
    silent(manager, set())
    assert states(manager) == {"KafkaDown": "active", "PublisherBufferFilling": "active"}


def test_what_is_silenced_reaches_nobody_and_what_is_not_reaches_the_right_one(manager: str, webhook: Webhook) -> None:
    fire(manager, "KafkaDown")
    fire(manager, "TradesUnacknowledged", "PublisherBufferFilling")
    until = time.monotonic() + 10
    while {(alert["receiver"], alert["name"]) for alert in webhook.seen} != {
        ("chat", "KafkaDown"),
        ("pager", "TradesUnacknowledged"),
    }:
        assert time.monotonic() < until, webhook.seen
        time.sleep(0.05)
    silent(manager, {"PublisherBufferFilling"})
    assert not webhook.told("PublisherBufferFilling", "firing")
