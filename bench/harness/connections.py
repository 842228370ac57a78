"""How a measured program connects to the servers: by the TAPELINE_… variables of its environment, as every program does.

Without variables it connects in clear to the addresses that it is given.
"""

from functools import cache

import attrs
import typed_settings as ts
from typed_settings.loaders import EnvLoader

from apps.settings.loader import settings_converter
from apps.settings.options import CassandraOptions, KafkaOptions


@attrs.frozen(kw_only=True)
class Connections:
    """The groups of settings of both servers."""

    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)


@cache
def connections() -> Connections:
    """Return the settings of this process."""
    return ts.load_settings(Connections, [EnvLoader("TAPELINE_")], converter=settings_converter())
