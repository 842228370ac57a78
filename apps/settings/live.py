"""The settings of `tapeline live`."""

import attrs

from .metrics_options import metrics_host, metrics_port
from .source import TableOptions


@attrs.frozen(kw_only=True)
class LiveSettings(TableOptions):
    """`tapeline live`."""

    metrics_port: int = metrics_port(None)
    metrics_host: str = metrics_host()
