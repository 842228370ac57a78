"""The settings of the queries. Every default works for the dev stack; nothing here reads the environment or a file."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
from attrs.validators import and_, ge, gt, in_, le, matches_re, min_len

from domain.rules import Rules
from domain.trading_session import TradingHours
from domain.window import MINUTE_MS

from .security_settings import CassandraSecurity, KafkaSecurity

CONSISTENCIES: Final = ("ONE", "LOCAL_ONE", "TWO", "THREE", "QUORUM", "LOCAL_QUORUM", "EACH_QUORUM", "ALL")
OFFSETS: Final = ("earliest", "latest")


@attrs.frozen(kw_only=True)
class AggregatorSettings:
    """Sources and sinks of the queries, and how trades are folded into candles. Raise ValueError on invalid values."""

    bootstrap_servers: str = attrs.field(default="127.0.0.1:9092", validator=min_len(1))
    """The first Kafka brokers to contact, host:port,host:port."""
    topic: str = attrs.field(default="trades", validator=min_len(1))
    dead_letter_topic: str = attrs.field(default="trades.dlq", validator=min_len(1))
    events_topic: str = attrs.field(default="feed.events", validator=min_len(1))
    candles_topic: str = attrs.field(default="candles", validator=min_len(1))
    publish_candles: bool = False
    """Send each changed candle to `candles_topic`, and once more when it is final."""
    kafka_security: KafkaSecurity = attrs.field(factory=KafkaSecurity)
    kafka_properties: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """More properties of Kafka's Java clients, which win over `kafka_security`; they may hold secrets."""
    cassandra_hosts: tuple[str, ...] = attrs.field(default=("127.0.0.1",), validator=min_len(1))
    cassandra_port: int = attrs.field(default=9042, validator=and_(ge(1), le(65535)))
    keyspace: str = attrs.field(default="tapeline", validator=matches_re(r"[a-z][a-z0-9_]{0,47}"))
    local_dc: str = attrs.field(default="dc1", validator=min_len(1))
    """The data centre whose nodes serve the requests."""
    cassandra_security: CassandraSecurity = attrs.field(factory=CassandraSecurity)
    min_copies: int = attrs.field(default=1, validator=gt(0))
    """A topic with fewer replicas or a keyspace with fewer copies in `local_dc` is refused at the start."""
    consistency: str = attrs.field(default="LOCAL_QUORUM", validator=in_(CONSISTENCIES))
    checkpoint: str = attrs.field(default="data/checkpoint", validator=min_len(1))
    """Folder or URL; on a cluster, on a file system that driver and executors share."""
    trigger_s: float = attrs.field(default=1.0, validator=ge(0))
    """Seconds from the start of one micro-batch to the next; 0 makes no pause."""
    events_trigger_s: float = attrs.field(default=10.0, validator=ge(0))
    """The same for the events of connections, if it is longer: the delay of the status of a candle."""
    window_ms: int = attrs.field(default=MINUTE_MS, validator=gt(0))
    allowed_lateness_ms: int = attrs.field(default=MINUTE_MS, validator=ge(0))
    """How long after its end, by the newest trade, a window accepts trades; later trades are stored raw only."""
    deduplicate: bool = False
    """Fold each trade once, even if it is on the topic several times: for several producers of the same symbols."""
    max_offsets_per_trigger: int = attrs.field(default=500_000, validator=gt(0))
    """The maximum number of records of a micro-batch."""
    starting_offsets: str = attrs.field(default="earliest", validator=in_(OFFSETS))
    """Where a new checkpoint starts to read."""
    shuffle_partitions: int = attrs.field(default=4, validator=gt(0))
    """The number of tasks that fold candles, about that of the cores; fixed in a checkpoint."""
    stop_timeout_s: float = attrs.field(default=30.0, validator=gt(0))
    """How long a stop waits for the running micro-batch, in seconds."""
    ui: bool = False
    """Serve Spark's web UI, on loopback only: it has no login, and its links stop jobs."""
    rules: Rules = attrs.field(factory=Rules)
    trading_days: Sequence[TradingHours] = attrs.field(default=(), repr=False)
    """The hours of the exchange whose trades have conditions: in which sessions Form T sets prices. Without them it never does."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that the queries read and write."""
        written = (self.dead_letter_topic, self.candles_topic) if self.publish_candles else (self.dead_letter_topic,)
        return (self.topic, self.events_topic, *written)
