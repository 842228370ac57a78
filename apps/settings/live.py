"""The settings of `tapeline live`."""

import attrs
import typed_settings as ts

from .endpoint_options import MetricsOptions
from .metrics_options import metrics_host, metrics_port
from .source import TableOptions


@attrs.frozen(kw_only=True)
class LiveSettings(TableOptions):
    """`tapeline live`."""

    metrics_port: int = metrics_port(None)
    metrics_host: str = metrics_host()
    metrics: MetricsOptions = ts.option(factory=MetricsOptions)
