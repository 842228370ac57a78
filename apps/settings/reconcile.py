"""The settings of `tapeline reconcile`."""

from typing import Final

import attrs
import typed_settings as ts

from adapters.exchange_calendar.markets import NYSE
from adapters.spark.settings import AggregatorSettings

from .options import CassandraOptions, KafkaOptions, in_seconds
from .production import PROFILE_HELP, Profile, check_profile
from .profiled import min_copies
from .spark_connections import spark_cassandra, spark_kafka_security

_DEFAULTS: Final = AggregatorSettings()


@attrs.frozen(kw_only=True)
class ReconcileOptions:
    """`tapeline reconcile`."""

    window_s: int = in_seconds("window", 60, "Length of the candles, as the aggregator has it")
    allowed_lateness_s: int = in_seconds(
        "allowed-lateness", 60, "How late the aggregator still folds a trade in", zero=True
    )
    margin_s: int = in_seconds(
        "margin", 300, "Skip windows for this much longer: the aggregator may lag by as much", zero=True
    )
    consistency: str = ts.option(default=_DEFAULTS.consistency, help="Consistency level of reads and writes")
    shuffle_partitions: int = ts.option(
        default=_DEFAULTS.shuffle_partitions, help="Tasks that fold candles, about as many as there are cores"
    )
    publish_candles: bool = ts.option(
        default=_DEFAULTS.publish_candles, help="Also send the corrected candles to the topic of candles"
    )
    kafka_client: dict[str, str] = ts.secret(
        factory=dict, help="More properties of Spark's Kafka clients, as the aggregator has them"
    )
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        self.adapter()
        check_profile(
            self.profile,
            kafka=self.kafka if self.publish_candles else None,
            kafka_client=self.kafka_client,
            cassandra=self.cassandra,
        )

    def adapter(self) -> AggregatorSettings:
        """Return the settings of the adapter. Raise ValueError on wrong values."""
        return AggregatorSettings(
            **spark_cassandra(self.cassandra),
            min_copies=min_copies(self.profile),
            bootstrap_servers=self.kafka.bootstrap_servers,
            candles_topic=self.kafka.candles_topic,
            publish_candles=self.publish_candles,
            kafka_security=spark_kafka_security(self.kafka),
            kafka_properties=self.kafka_client,
            consistency=self.consistency,
            window_ms=self.window_s * 1000,
            allowed_lateness_ms=self.allowed_lateness_s * 1000,
            shuffle_partitions=self.shuffle_partitions,
            trading_days=NYSE.trading_days(),
        )
