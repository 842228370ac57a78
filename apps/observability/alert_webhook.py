"""Which alerts were told and are not over: a webhook for Alertmanager, on loopback, and a file with all of it, line by line."""

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

from adapters.system_clock import system_clock
from apps.observability.pipeline_stages import FiringAlert

HOST: Final = "127.0.0.1"
DOCS: Final = "docs/"
LARGEST_BODY: Final = 4 * 1024 * 1024
PATIENCE_S: Final = 10.0


class AlertLog:
    """Takes Alertmanager's notifications over HTTP, in threads of its own; knows which alerts fire now."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._firing: dict[str, FiringAlert] = {}
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

    def firing(self) -> Sequence[FiringAlert]:
        """Give what fires now, in the order in which it was told."""
        with self._lock:
            return list(self._firing.values())

    def take(self, notification: Mapping[str, Any]) -> None:
        """Take a notification, as Alertmanager's webhooks send it (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config)."""
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            for told in notification["alerts"]:
                file.write(json.dumps(told) + "\n")
                if told["status"] == "firing":
                    self._firing[told["fingerprint"]] = _alert(told)
                else:
                    self._firing.pop(told["fingerprint"], None)


def words(alert: FiringAlert) -> str:
    """Say an alert in one line, with the page that says what to do."""
    page = f" ({DOCS}{alert.runbook})" if alert.runbook else ""
    return f"{alert.name}: {alert.summary}{page}"


def _alert(told: Mapping[str, Any]) -> FiringAlert:
    labels, texts = told["labels"], told["annotations"]
    page = texts.get("runbook_url", "")
    return FiringAlert(
        name=labels["alertname"],
        severity=labels.get("severity", "warning"),
        summary=texts["summary"],
        description=texts.get("description", ""),
        since_ms=round(datetime.fromisoformat(told["startsAt"]).timestamp() * 1000)
        if "startsAt" in told
        else system_clock(),
        runbook=page.removeprefix(DOCS) if page.startswith(DOCS) else "",
    )


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
