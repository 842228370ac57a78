"""Ask a cluster for its metadata repeatedly, over one connection that librdkafka keeps."""

import attrs
from confluent_kafka.admin import AdminClient

from ports.errors import BrokerError

from .logs import ClientLog
from .metadata import read_topics
from .settings import KafkaSettings


class KafkaProbe:
    """A `ports.probe.Probe` of the brokers."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._log = ClientLog("probe", settings.bootstrap_servers)
        self._client: AdminClient | None = None

    def start(self) -> None:
        """Make the client, which connects on its own."""
        if self._client is None:
            self._client = AdminClient({**self._settings.client(), **self._log.options()})

    def ask(self, timeout_s: float) -> None:
        """Read the metadata. Raise BrokerError when no broker answers in time, or a partition has no leader."""
        if self._client is None:
            raise BrokerError("the probe is not started: call start() first")
        self._client.poll(0)  # logs what happened since the last call
        topics = read_topics(self._client, attrs.evolve(self._settings, connect_timeout_s=timeout_s), self._log)
        leaderless = sorted(name for name, topic in topics.items() if not topic.has_leaders)
        if leaderless:
            raise BrokerError(f"Kafka has no leader for partitions of {', '.join(leaderless)}")

    def close(self) -> None:
        """Release the client. Closing twice is fine."""
        self._client = None
