"""Prometheus and Alertmanager beside `tapeline stack`. Their alerts are shown with the table and on the page, and kept in `alerts.jsonl`.

1. The rules, routes and inhibitions are those of `deploy`; the programs are asked every 5 s.
2. Alertmanager notifies a webhook in this process, on loopback: nothing leaves the machine.
3. Neither Prometheus nor Alertmanager can report its own failure. This process checks them, and raises an alert of its own.
4. A replay has no alerts: its trades are old, and every alert on age would fire.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

import attrs
import click

from adapters.system_clock import system_clock
from apps.observability.alert_log import AlertLog, summary
from apps.observability.alert_webhook import HOST, AlertWebhook
from apps.observability.pipeline_stages import FiringAlert, Stage, StageState
from apps.settings.metrics_options import AGGREGATOR_PORT, PRODUCER_PORT
from apps.settings.stack import StackSettings
from devstack.errors import DevstackError
from devstack.stack import Stack
from devstack.stack.monitoring import Monitoring, require_monitoring
from devstack.stack.monitoring_config import MonitoringOptions, Target
from devstack.stack.ports import Claims
from ports.clock import Clock

SPARK_PORT: Final = 9604
SCRAPE_S: Final = 5.0
GROUP_WAIT_S: Final = 5.0
GROUP_INTERVAL_S: Final = 10.0
STAGES: Final = {"prometheus": "Prometheus", "alertmanager": "Alertmanager", "node-exporter": "Node exporter"}
TELLERS: Final = ("Prometheus", "Alertmanager")
"""The stages without which no alert is delivered."""


@attrs.frozen(kw_only=True)
class MetricsPorts:
    """Where the stack's own programs answer for themselves."""

    producer: int
    aggregator: int
    spark: int | None
    """Spark's JVM; None if it is not monitored."""


def wants_alerts(settings: StackSettings, say: Callable[[str], None]) -> bool:
    """Return whether the stack has alerts. Say why in one line if they are wanted and not possible."""
    if not settings.monitoring or settings.replay is not None:
        return False
    try:
        require_monitoring()
    except DevstackError as error:
        say(f"no alerts (--no-monitoring omits this message): {error}")
        return False
    return True


@contextmanager
def program_ports(*, watched: bool) -> Iterator[MetricsPorts]:
    """Choose free ports, and reserve them against other stacks while the block runs. Raise DevstackError."""
    with Claims() as claims:
        yield MetricsPorts(
            producer=claims.next_free([HOST], PRODUCER_PORT, what="the producer's metrics"),
            aggregator=claims.next_free([HOST], AGGREGATOR_PORT, what="the aggregator's metrics"),
            spark=claims.next_free([HOST], SPARK_PORT, what="Spark's metrics") if watched else None,
        )


class Alerts:
    """The monitoring programs of a running stack, and the alerts that they raised."""

    def __init__(
        self, log: AlertLog, monitoring: Monitoring, *, is_secure: bool = False, now_ms: Clock = system_clock
    ) -> None:
        self._log = log
        self._monitoring = monitoring
        self._is_secure = is_secure
        self._now_ms = now_ms
        self._gone_since_ms: dict[str, int] = {}

    @property
    def watchers(self) -> Mapping[str, str]:
        """The health addresses of the monitoring programs, by the name of their stage."""
        return {STAGES[name]: url for name, url in self._monitoring.ready_urls.items()}

    @property
    def links(self) -> Mapping[str, str]:
        """The pages of the monitoring programs."""
        return {
            "Prometheus": f"{self._monitoring.prometheus_url}/alerts",
            "Alertmanager": f"{self._monitoring.alertmanager_url}/#/alerts",
        }

    def watch(self, ports: MetricsPorts, page_url: str) -> None:
        """Scrape these programs, and the page if there is one."""
        targets = [
            Target(job="producer", address=f"{HOST}:{ports.producer}", is_protected=self._is_secure),
            Target(job="aggregator", address=f"{HOST}:{ports.aggregator}", is_protected=self._is_secure),
        ]
        if ports.spark is not None:
            targets.append(Target(job="spark", address=f"{HOST}:{ports.spark}"))
        if page_url:
            targets.append(Target(job="page", address=page_url.rpartition("/")[2]))
        self._monitoring.watch(targets)

    def firing(self, stages: Sequence[Stage]) -> Sequence[FiringAlert]:
        """Return the alerts that fire, and one for each monitoring program that is down."""
        gone = [stage.name for stage in stages if stage.name in TELLERS and stage.state is StageState.DOWN]
        now_ms = self._now_ms()
        self._gone_since_ms = {name: self._gone_since_ms.get(name, now_ms) for name in gone}
        return [*self._log.firing(), *(_told_here(name, since_ms) for name, since_ms in self._gone_since_ms.items())]


def _told_here(name: str, since_ms: int) -> FiringAlert:
    return FiringAlert(
        name="InstanceDown",
        severity="warning",
        summary=f"{name} does not answer",
        description="Reported by the stack itself: without Prometheus no fault is detected, and without Alertmanager none is notified.",
        since_ms=since_ms,
        runbook="runbooks/InstanceDown.md",
    )


def facts(alerts: Sequence[FiringAlert], stages: Sequence[Stage]) -> dict[str, str]:
    """Return what the table shows below the candles: nothing while everything is healthy."""
    down = [f"{stage.name} ({stage.detail})" for stage in stages if stage.state is StageState.DOWN]
    return {
        **({"down": ", ".join(down)} if down else {}),
        **({"alerts": "; ".join(map(summary, alerts))} if alerts else {}),
    }


@contextmanager
def stack_alerts(settings: StackSettings, devstack: Stack, *, watched: bool) -> Iterator[Alerts | None]:
    """Run Prometheus and Alertmanager while the block runs, if they are wanted. Raise DevstackError."""
    if not watched:
        yield None
        return
    scale = settings.alert_patience
    with ExitStack() as stack:
        log = AlertLog(devstack.folder / "alerts.jsonl")
        webhook = stack.enter_context(AlertWebhook(log))
        options = MonitoringOptions(
            pager_url=webhook.url,
            chat_url=webhook.url,
            scrape_s=max(2.0, SCRAPE_S * scale),
            group_wait_s=max(0.5, GROUP_WAIT_S * scale),
            group_interval_s=max(1.0, GROUP_INTERVAL_S * scale),
            hold_scale=scale,
            secrets=devstack.secrets,
        )
        monitoring = Monitoring(devstack, options, report=click.echo)
        stack.callback(monitoring.close)
        monitoring.start()
        yield Alerts(log, monitoring, is_secure=settings.secure)
