"""The settings of `tapeline stack`."""

import attrs
import typed_settings as ts

from .options import in_seconds
from .source import TableOptions


@attrs.frozen(kw_only=True)
class StackSettings(TableOptions):
    """`tapeline stack`."""

    name: str = ts.option(default="stack", help="Name of the dev stack, which holds its data in .devstack/NAME")
    keep: bool = ts.option(default=False, help="Leave Kafka and Cassandra running at the end, to query what was stored")
    secure: bool = ts.option(default=False, help="Use TLS, users and rights on every hop")
    trigger_s: float = in_seconds("trigger", 1.0, "Interval between the starts of Spark's micro-batches")
    monitoring: bool = ts.option(
        default=True,
        help="Start Prometheus and Alertmanager, show their alerts, and keep running when a program dies; not for a replay",
    )
    alert_patience: float = ts.option(
        default=1.0,
        validator=attrs.validators.gt(0),
        help="Multiply how long an alert waits before it fires; 0.1 to see one soon",
        click={"metavar": "FACTOR"},
    )
