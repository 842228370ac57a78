"""The settings of `tapeline watchlist`."""

import attrs
import typed_settings as ts

from .options import KafkaOptions


@attrs.frozen(kw_only=True)
class WatchlistSettings:
    """`tapeline watchlist`."""

    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
