"""A client for the HTTP API of a real Alertmanager, and a webhook that records notifications."""

import json
import subprocess
import threading
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devstack.servers.monitoring_programs import alertmanager
from devstack.stack.monitoring_config import hide_logins, render
from devstack.stack.ports import Claims

from .alert_rules import ALERTMANAGER
from .timeouts import wait_until


class Webhook:
    """Records the notifications that arrive at `url`, in a thread."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                seen.extend(
                    {
                        "receiver": body["receiver"],
                        "status": alert["status"],
                        "name": alert["labels"]["alertname"],
                        **alert,
                    }
                    for alert in body["alerts"]
                )
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def notified(self, name: str, status: str, since: int = 0) -> bool:
        """Return whether an alert arrived with this status (firing or resolved), after the first `since` alerts."""
        return any(alert["name"] == name and alert["status"] == status for alert in self.seen[since:])


@contextmanager
def running_alertmanager(folder: Path, *, pager_url: str, chat_url: str) -> Iterator[str]:
    """Run an Alertmanager without alerts on the configuration of `deploy`, and yield its URL."""
    config = folder / "alertmanager.yml"
    values = {
        "GROUP_WAIT": "200ms", "GROUP_INTERVAL": "500ms", "PAGER_WEBHOOK_URL": pager_url, "CHAT_WEBHOOK_URL": chat_url,
    }  # fmt: skip
    config.write_text(hide_logins(render(ALERTMANAGER, values)))
    with Claims() as claims:
        server = alertmanager(folder, claims.next_free(["127.0.0.1"], 19093, what="a test"), config)
        server.prepare()
        with subprocess.Popen(server.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(
                    lambda: process.poll() is not None or server.is_ready(with_peers=False), "Alertmanager is up"
                )
                assert process.poll() is None
                yield f"http://127.0.0.1:{server.port}"
            finally:
                process.terminate()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def post_alerts(
    alertmanager_url: str, alerts: Iterable[Mapping[str, str]], annotations: Mapping[str, str] | None = None
) -> None:
    body = json.dumps([{"labels": dict(labels), "annotations": dict(annotations or {})} for labels in alerts]).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{alertmanager_url}/api/v2/alerts", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - loopback
        pass


def states(alertmanager_url: str) -> dict[str, str]:
    """Return the state of each alert: active, or suppressed if another alert inhibits it."""
    alerts = get(f"{alertmanager_url}/api/v2/alerts")
    return {alert["labels"]["alertname"]: alert["status"]["state"] for alert in alerts}
