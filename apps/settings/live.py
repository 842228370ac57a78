"""The settings of `tapeline live`. The `keep` settings bound its memory: it may run for weeks."""

import attrs
import typed_settings as ts
from attrs.validators import ge

from .endpoint_options import MetricsOptions
from .metrics_options import metrics_host, metrics_port
from .source import TableOptions


@attrs.frozen(kw_only=True)
class LiveSettings(TableOptions):
    """`tapeline live`."""

    keep_trades: int = ts.option(default=100_000, validator=ge(1), help="Trades of each symbol to keep in memory")
    keep_candles: int = ts.option(
        default=10_000, validator=ge(1), help="Candles of each symbol to keep in memory: a week of minutes"
    )
    keep_events: int = ts.option(
        default=1_000, validator=ge(1), help="Events of the feed's connection to keep in memory, for each symbol"
    )
    keep_mib: int = ts.option(
        default=16,
        validator=ge(1),
        help="Dead letters and other records to keep in each of the 4 partitions of a topic in memory [MiB]",
    )
    metrics_port: int = metrics_port(None)
    metrics_host: str = metrics_host()
    metrics: MetricsOptions = ts.option(factory=MetricsOptions)

    @property
    def keep_bytes(self) -> int:
        """Bytes of values to keep in each partition of a topic in memory."""
        return self.keep_mib * 1024 * 1024
