"""The settings of `tapeline report`."""

from typing import Literal

import attrs
import typed_settings as ts

from adapters.exchange_calendar.markets import NYSE
from adapters.spark.settings import AggregatorSettings

from .options import CassandraOptions, KafkaOptions, in_seconds
from .production import PROFILE_HELP, Profile, check_profile
from .spark_connections import spark_cassandra


@attrs.frozen(kw_only=True)
class ReportSettings:
    """`tapeline report`."""

    engine: Literal["python", "spark"] = ts.option(
        default="python", help="What counts and folds the trades: this process, or Spark for many symbols or trades"
    )
    settle_s: int = in_seconds(
        "settle",
        360,
        "Leave out minutes that ended less than this time ago: the aggregator may still write them",
        zero=True,
    )
    trades_kept_days: int = ts.option(
        default=30,
        validator=attrs.validators.ge(0),
        help="How long trades are kept after they are written; 0 means forever",
    )
    letters_kept_days: int = ts.option(
        default=7, validator=attrs.validators.ge(1), help="How long the topic of dead letters keeps them"
    )
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, kafka=self.kafka, cassandra=self.cassandra)

    def spark(self) -> AggregatorSettings:
        """Return the settings of the Spark adapter."""
        return AggregatorSettings(**spark_cassandra(self.cassandra), trading_days=NYSE.trading_days())
