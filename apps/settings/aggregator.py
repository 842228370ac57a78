"""The settings of `tapeline aggregator`."""

from typing import Final

import attrs
import typed_settings as ts

from adapters.exchange_calendar.markets import NYSE
from adapters.spark.settings import AggregatorSettings

from .endpoint_options import MetricsOptions
from .metrics_options import AGGREGATOR_PORT, metrics_host, metrics_port
from .options import CassandraOptions, KafkaOptions, RuleOptions, in_seconds
from .production import PROFILE_HELP, Profile, check_profile
from .profiled import min_copies
from .spark_connections import spark_cassandra, spark_kafka_security

_DEFAULTS: Final = AggregatorSettings()


@attrs.frozen(kw_only=True)
class AggregatorOptions:
    """`tapeline aggregator`."""

    once: bool = ts.option(default=False, help="Store all that is on the topic now, then end")
    checkpoint: str = ts.option(
        default=_DEFAULTS.checkpoint,
        help="Folder or URL of the checkpoints; on a cluster, of a file system that all of it shares",
    )
    trigger_s: float = in_seconds(
        "trigger", 1.0, "Interval between the starts of micro-batches; 0 is no pause", zero=True
    )
    events_trigger_s: float = in_seconds(
        "events-trigger", 10.0, "The same for the events of feeds, if it is longer", zero=True
    )
    window_s: int = in_seconds("window", 60, "Length of a candle")
    allowed_lateness_s: int = in_seconds(
        "allowed-lateness", 60, "How late a trade may come and still be folded in", zero=True
    )
    deduplicate: bool = ts.option(
        default=_DEFAULTS.deduplicate,
        help="Fold each trade once, for several producers of the same symbols; a checkpoint keeps it",
    )
    publish_candles: bool = ts.option(
        default=_DEFAULTS.publish_candles,
        help="Send each changed candle to the topic of candles, and once more when it is final",
    )
    max_offsets_per_trigger: int = ts.option(
        default=_DEFAULTS.max_offsets_per_trigger, help="Records of a micro-batch at most"
    )
    starting_offsets: str = ts.option(
        default=_DEFAULTS.starting_offsets,
        help="Where a new checkpoint begins to read: earliest or latest",
    )
    shuffle_partitions: int = ts.option(
        default=_DEFAULTS.shuffle_partitions,
        help="Tasks that fold candles, about as many as there are cores; a checkpoint keeps its number",
    )
    consistency: str = ts.option(default=_DEFAULTS.consistency, help="Consistency level of writes")
    stop_timeout_s: float = in_seconds(
        "stop-timeout", 30.0, "How long to wait at the end for the running micro-batches"
    )
    spark_ui: bool = ts.option(
        default=_DEFAULTS.ui, help="Serve Spark's web UI on loopback, port 4040; it has no login"
    )
    metrics_port: int | None = metrics_port(AGGREGATOR_PORT)
    metrics_host: str = metrics_host()
    metrics: MetricsOptions = ts.option(factory=MetricsOptions)
    kafka_client: dict[str, str] = ts.secret(
        factory=dict,
        help="More properties of Spark's Kafka clients, which are Java's, such as max.request.size=8388608; they may be secrets",
    )
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
    rules: RuleOptions = ts.option(factory=RuleOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        self.adapter()
        check_profile(self.profile, kafka=self.kafka, kafka_client=self.kafka_client, cassandra=self.cassandra)

    def adapter(self) -> AggregatorSettings:
        """Return the settings of the adapter. Raise ValueError on wrong values."""
        return AggregatorSettings(
            bootstrap_servers=self.kafka.bootstrap_servers,
            topic=self.kafka.trades_topic,
            dead_letter_topic=self.kafka.dead_letters_topic,
            events_topic=self.kafka.events_topic,
            candles_topic=self.kafka.candles_topic,
            publish_candles=self.publish_candles,
            kafka_security=spark_kafka_security(self.kafka),
            kafka_properties=self.kafka_client,
            **spark_cassandra(self.cassandra),
            min_copies=min_copies(self.profile),
            consistency=self.consistency,
            checkpoint=self.checkpoint,
            trigger_s=self.trigger_s,
            events_trigger_s=self.events_trigger_s,
            window_ms=self.window_s * 1000,
            allowed_lateness_ms=self.allowed_lateness_s * 1000,
            deduplicate=self.deduplicate,
            max_offsets_per_trigger=self.max_offsets_per_trigger,
            starting_offsets=self.starting_offsets,
            shuffle_partitions=self.shuffle_partitions,
            stop_timeout_s=self.stop_timeout_s,
            ui=self.spark_ui,
            rules=self.rules.adapter(),
            trading_days=NYSE.trading_days(),
        )
