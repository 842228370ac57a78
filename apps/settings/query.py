"""The settings of `tapeline query`."""

import attrs
import typed_settings as ts

from .options import CassandraOptions


@attrs.frozen(kw_only=True)
class QuerySettings:
    """`tapeline query`."""

    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
