"""Prometheus and Alertmanager beside `tapeline stack`, and what they tell: shown with the table, and kept line by line in `alerts.jsonl`.

1. The rules, routes and inhibitions are those of `deploy`; the programs are asked every 5 s.
2. Alertmanager tells a webhook in this process, on loopback: nothing leaves the machine.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import attrs
import click

from devstack.monitoring import Monitoring, MonitoringOptions, Target
from devstack.ports import Claims
from devstack.stack import Stack
from devstack.watchers import HOST, require_programs

from .metrics_options import AGGREGATOR_PORT, PRODUCER_PORT
from .settings import StackSettings

LARGEST_BODY: Final = 4 * 1024 * 1024
PATIENCE_S: Final = 10.0


@attrs.frozen(kw_only=True)
class MetricsPorts:
    """Where the stack's own programs answer for their metrics. None leaves the choice to them."""

    producer: int | None = None
    aggregator: int | None = None


class AlertLog:
    """Takes Alertmanager's notifications over HTTP, in threads of its own; knows which alerts fire now."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._firing: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="alerts", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    @property
    def url(self) -> str:
        """Where it takes them; only while entered."""
        assert self._server is not None  # noqa: S101 - a bug of ours otherwise
        return f"http://{HOST}:{self._server.server_port}/"

    @property
    def firing(self) -> list[str]:
        """The summaries of what fires now, in order of time."""
        with self._lock:
            return list(self._firing.values())

    def take(self, notification: Mapping[str, Any]) -> None:
        """Take a notification, as Alertmanager's webhooks send it (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config)."""
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            for alert in notification["alerts"]:
                file.write(json.dumps(alert) + "\n")
                if alert["status"] == "firing":
                    self._firing[alert["fingerprint"]] = (
                        f"{alert['labels']['alertname']}: {alert['annotations']['summary']}"
                    )
                else:
                    self._firing.pop(alert["fingerprint"], None)

    def facts(self) -> dict[str, str]:
        """Give what the table should show: nothing while all is well."""
        firing = self.firing
        return {"alerts": "; ".join(firing)} if firing else {}


def _handler(log: AlertLog) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_S

        def do_POST(self) -> None:
            try:
                size = int(self.headers.get("Content-Length", 0))
                log.take(json.loads(self.rfile.read(min(size, LARGEST_BODY))))
            except (ValueError, KeyError, TypeError, AttributeError, OSError):
                self.send_response(400)
            else:
                self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
            pass

    return Handler


def check_monitoring(settings: StackSettings) -> None:
    """See that what is needed is there, before anything starts. Raises DevstackError."""
    if settings.monitoring:
        require_programs()


def metrics_ports(settings: StackSettings) -> MetricsPorts:
    """Choose ports that are free, where somebody will ask them. Raises DevstackError."""
    if not settings.monitoring:
        return MetricsPorts()
    with Claims() as claims:
        return MetricsPorts(
            producer=claims.next_free([HOST], PRODUCER_PORT, what="the producer's metrics"),
            aggregator=claims.next_free([HOST], AGGREGATOR_PORT, what="the aggregator's metrics"),
        )


@contextmanager
def stack_alerts(settings: StackSettings, devstack: Stack, ports: MetricsPorts) -> Iterator[AlertLog | None]:
    """Watch the stack and its programs while the block runs, if that is wanted. Raises DevstackError."""
    if not settings.monitoring:
        yield None
        return
    with ExitStack() as stack:
        log = stack.enter_context(AlertLog(devstack.folder / "alerts.jsonl"))
        options = MonitoringOptions(pager_url=log.url, chat_url=log.url)
        monitoring = Monitoring(devstack, options, say=click.echo)
        stack.callback(monitoring.close)
        monitoring.start(
            [
                Target(job="producer", address=f"{HOST}:{ports.producer}", labels={"market": "always"}),
                Target(job="aggregator", address=f"{HOST}:{ports.aggregator}"),
            ]
        )
        click.echo(f"Prometheus: {monitoring.prometheus_url}/alerts   Alertmanager: {monitoring.alertmanager_url}")
        yield log
