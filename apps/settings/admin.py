"""The settings of `tapeline admin`."""

from typing import Literal

import attrs
import typed_settings as ts

from .options import CassandraOptions, KafkaOptions

PROFILES = ("dev", "production")


@attrs.frozen(kw_only=True)
class TopicsSettings:
    """`tapeline admin topics`."""

    profile: Literal["dev", "production"] = ts.option(
        default="dev", help="dev keeps 1 copy; production keeps 3, and at least 2 must be in sync"
    )
    partitions: int = ts.option(default=4, validator=attrs.validators.ge(1), help="Partitions of each topic")
    add_partitions: bool = ts.option(default=False, help="Add partitions to topics that have fewer")
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)


@attrs.frozen(kw_only=True)
class SchemaSettings:
    """`tapeline admin schema`."""

    profile: Literal["dev", "production"] = ts.option(
        default="dev", help="dev keeps 1 copy; production as many as --data-centers says"
    )
    data_centers: str = ts.option(default="", help="For production", click={"metavar": "dc1:3,dc2:3"})
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
