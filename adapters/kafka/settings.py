"""What a client needs to know about a Kafka cluster, as librdkafka's properties.

Four layers, the later one wins: our defaults, which may be changed; `security`; `extra`, which takes any librdkafka property; and the
properties on which the promises of the ports rest. An `extra` that contradicts one of those is refused. `extra` may hold passwords: it is in no
repr, log or error.
"""

from collections.abc import Mapping
from typing import Final

import attrs
from attrs.validators import ge

from .security import KafkaSecurity

MAX_DEAD_LETTER_BYTES: Final = 20 * 1024 * 1024
"""Room for the largest frame that the feed accepts, 16 MiB, and its headers."""
SESSION_MS: Final = 10_000
"""A group counts a member as dead after this long without a heartbeat. After an outage longer than this, a member joins under a new name, and the
group waits this long for the old one: with librdkafka's default of 45 s, nothing would be read for that time."""

_REQUIRED: Final[Mapping[str, str]] = {
    # 0 is forever. A delivery that times out would be a trade lost while the process lives; instead the bounded buffer fills, `publish` blocks,
    # and the feed is under backpressure until the brokers are available again.
    "message.timeout.ms": "0",
    "delivery.timeout.ms": "0",
    "enable.idempotence": "true",
    "acks": "all",
    "request.required.acks": "all",
    # As Java's clients do, so that any of them may share the topic.
    "partitioner": "murmur2_random",
    # Without reports of success nothing would ever count as acknowledged.
    "delivery.report.only.error": "false",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": "false",
}
"""Properties, and their aliases, with the only value that keeps the promises of the ports."""
_FORBIDDEN: Final[Mapping[str, str]] = {
    "retries": "a record is sent again until it is acknowledged",
    "message.send.max.retries": "a record is sent again until it is acknowledged",
    "bootstrap.servers": "the brokers have a setting of their own",
    "metadata.broker.list": "the brokers have a setting of their own",
    "queue.buffering.max.messages": "the buffer has a setting of its own",
    "queue.buffering.max.kbytes": "the buffer has a setting of its own",
    "group.id": "each consumer names its group",
}
"""Properties that cannot be set, with the reason."""


def _keeps_promises(_: object, __: object, extra: Mapping[str, str]) -> None:
    # The values stay out of the message, as one of them may be a password.
    for name, value in extra.items():
        required = _REQUIRED.get(name)
        if required is not None and value.strip().lower() != required:
            raise ValueError(f"the Kafka property {name} must stay {required}: delivery without loss depends on it")
        if name in _FORBIDDEN:
            raise ValueError(f"the Kafka property {name} cannot be set: {_FORBIDDEN[name]}")


@attrs.frozen(kw_only=True)
class KafkaSettings:
    """Where the cluster is and how to use it. The defaults suit the dev stack. Raise ValueError for an `extra` that contradicts the promises."""

    bootstrap_servers: str = "127.0.0.1:9092"
    """`host:port`, several separated by commas."""
    trades_topic: str = "trades"
    dead_letters_topic: str = "trades.dlq"
    events_topic: str = "feed.events"
    candles_topic: str = "candles"
    watchlist_topic: str = "watchlist"
    linger_ms: float = attrs.field(default=5, validator=ge(0))
    """How long a record may wait for others in its batch: 5 gives the steadiest tail, 0 the lowest median at low rates."""
    buffer_messages: int = attrs.field(default=100_000, validator=ge(1))
    """How many records may wait to be acknowledged before `publish` blocks."""
    buffer_kib: int = attrs.field(default=65_536, validator=ge(1))
    """How many KiB may wait; the bound that is reached first counts."""
    connect_timeout_s: float = attrs.field(default=10.0, validator=ge(0.1))
    """How long `start` waits for a broker to answer."""
    min_replicas: int = attrs.field(default=1, validator=ge(1))
    """A topic with fewer replicas than this is refused at the start."""
    client_id: str = "tapeline"
    security: KafkaSecurity = attrs.field(factory=KafkaSecurity)
    extra: Mapping[str, str] = attrs.field(factory=dict, repr=False, validator=_keeps_promises)
    """Any librdkafka properties; they win over `security`."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that a producer needs, each once."""
        return tuple(dict.fromkeys((self.trades_topic, self.dead_letters_topic, self.events_topic)))

    @property
    def watchlist_group(self) -> str:
        """The consumer group whose members share the watchlist."""
        return f"tapeline-{self.watchlist_topic}"

    def client(self) -> dict[str, str | int | float]:
        """Return the properties that every kind of client shares."""
        return {
            # librdkafka waits up to 10 s between attempts; a broker that is available again should be used at once.
            "reconnect.backoff.max.ms": 1_000,
            # The statistics report whether a broker is up; see `logs`.
            "statistics.interval.ms": 1_000,
            "client.id": self.client_id,
            **self.security.properties(),
            **self.extra,
            "bootstrap.servers": self.bootstrap_servers,
        }

    def producer(self) -> dict[str, str | int | float]:
        """Return the properties of a producer that keeps order, makes no duplicates and gives no record up."""
        return {
            "compression.type": "snappy",
            "linger.ms": self.linger_ms,
            # A frame that cannot be decoded becomes one dead letter, and a feed may send large ones.
            "message.max.bytes": MAX_DEAD_LETTER_BYTES,
            **self.client(),
            **_required("message.timeout.ms", "enable.idempotence", "acks", "partitioner"),
            "queue.buffering.max.messages": self.buffer_messages,
            "queue.buffering.max.kbytes": self.buffer_kib,
        }

    def consumer(self, group: str) -> dict[str, str | int | float]:
        """Return the properties of a member of a group that commits only on request."""
        return {
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": SESSION_MS,
            **self.client(),
            "group.id": group,
            **_required("auto.offset.reset", "enable.auto.commit"),
        }


def _required(*names: str) -> dict[str, str]:
    return {name: _REQUIRED[name] for name in names}
