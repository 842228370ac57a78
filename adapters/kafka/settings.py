"""What is to be known about a Kafka cluster, and how these settings become librdkafka's.

Three layers, the later one winning: defaults of ours that may be changed; `extra`, which takes any librdkafka property (security above all);
and the properties on which the promises of the ports rest, which nothing changes. `extra` may hold passwords: it is in no repr, log or error.
"""

from collections.abc import Mapping
from typing import Final

import attrs
from attrs.validators import ge

MAX_DEAD_LETTER_BYTES: Final = 20 * 1024 * 1024
"""Room for the largest frame that the feed takes, 16 MiB, and its headers."""


@attrs.frozen(kw_only=True)
class KafkaSettings:
    """Where the cluster is and how to use it. The defaults suit the dev stack."""

    bootstrap_servers: str = "127.0.0.1:9092"
    """`host:port`, several with commas between."""
    trades_topic: str = "trades"
    dead_letters_topic: str = "trades.dlq"
    events_topic: str = "feed.events"
    watchlist_topic: str = "watchlist"
    linger_ms: float = attrs.field(default=5, validator=ge(0))
    """How long a record may wait for company in its batch: 5 gives the steadiest tail, 0 the lowest median at low rates."""
    buffer_messages: int = attrs.field(default=100_000, validator=ge(1))
    """How many records may wait to be acknowledged before `publish` blocks."""
    buffer_kib: int = attrs.field(default=65_536, validator=ge(1))
    """How many KiB may wait; whichever bound is reached first counts."""
    connect_timeout_s: float = attrs.field(default=10.0, validator=ge(0.1))
    """How long `start` waits for a broker to answer."""
    client_id: str = "tapeline"
    extra: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Any librdkafka properties, such as security.protocol and sasl.password."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics, each once."""
        return tuple(dict.fromkeys((self.trades_topic, self.dead_letters_topic, self.events_topic)))

    @property
    def watchlist_group(self) -> str:
        """The consumer group whose members share the watchlist."""
        return f"tapeline-{self.watchlist_topic}"

    def client(self) -> dict[str, str | int | float]:
        """Give the properties that every kind of client shares."""
        return {
            # librdkafka waits up to 10 s between attempts; a broker that is back should be used at once.
            "reconnect.backoff.max.ms": 1_000,
            # The broker's word on whether it is up comes with the statistics; see `logs`.
            "statistics.interval.ms": 1_000,
            "client.id": self.client_id,
            **self.extra,
            "bootstrap.servers": self.bootstrap_servers,
        }

    def producer(self) -> dict[str, str | int | float]:
        """Give the properties of a producer that keeps order, makes no duplicates and gives nothing up."""
        return {
            "compression.type": "snappy",
            "linger.ms": self.linger_ms,
            # 0 is forever. A delivery that times out would be a trade lost while the process lives; instead the bounded
            # buffer fills, `publish` blocks, and the feed is held back until the brokers are there again.
            "message.timeout.ms": 0,
            # A frame that nobody understood becomes a dead letter whole, and a feed may send large ones.
            "message.max.bytes": MAX_DEAD_LETTER_BYTES,
            **self.client(),
            "enable.idempotence": True,
            "acks": "all",
            # As Java's clients do, so that any of them may share the topic.
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": self.buffer_messages,
            "queue.buffering.max.kbytes": self.buffer_kib,
        }

    def consumer(self, group: str) -> dict[str, str | int | float]:
        """Give the properties of a member of a group that commits only when it is told to."""
        return {
            "partition.assignment.strategy": "cooperative-sticky",
            **self.client(),
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
