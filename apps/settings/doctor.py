"""The settings of `tapeline doctor`, and the check of every program's settings."""

from typing import Final

import attrs
import typed_settings as ts

from .aggregator import AggregatorOptions
from .dashboard import DashboardSettings
from .dlq import DlqSettings
from .live import LiveSettings
from .loader import settings_errors
from .options import CassandraOptions, KafkaOptions
from .producer import ProducerSettings
from .query import QuerySettings
from .reconcile import ReconcileOptions
from .report import ReportSettings
from .simulator import SimulatorServerSettings
from .stack import StackSettings
from .watchlist import WatchlistSettings

_CHECKED: Final[dict[str, type[attrs.AttrsInstance]]] = {
    "live": LiveSettings,
    "producer": ProducerSettings,
    "aggregator": AggregatorOptions,
    "reconcile": ReconcileOptions,
    "dashboard": DashboardSettings,
    "query": QuerySettings,
    "report": ReportSettings,
    "dlq": DlqSettings,
    "simulator": SimulatorServerSettings,
    "stack": StackSettings,
    "watchlist": WatchlistSettings,
}


@attrs.frozen(kw_only=True)
class DoctorSettings:
    """`tapeline doctor`."""

    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)


def wrong_settings() -> list[str]:
    """Return what is wrong with the settings of each program, from files and variables."""
    return [f"{app}: {text}" for app, settings in _CHECKED.items() for text in settings_errors(settings, app)]
