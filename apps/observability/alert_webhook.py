"""The webhook for Alertmanager, on loopback.

Every page open in a browser on this machine can send requests to loopback. So a request must present the token of this run, name a host of this
machine, carry JSON and have no Origin header: a browser always sends one with a POST, Alertmanager never does.
"""

import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

import structlog
from typed_settings import SecretStr

from apps.http_security.credentials import CHALLENGE, Credentials
from apps.http_security.host_names import HostNames

from .alert_log import AlertLog

HOST: Final = "127.0.0.1"
MAX_BODY: Final = 4 * 1024 * 1024
TIMEOUT_S: Final = 10.0

_log = structlog.get_logger("tapeline.monitoring")


class AlertWebhook:
    """Receives notifications in its own threads while its context is active."""

    def __init__(self, log: AlertLog) -> None:
        self._log = log
        self._token = SecretStr(secrets.token_urlsafe(32))
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer((HOST, 0), _handler(self._log, Credentials(token=self._token)))
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
    def url(self) -> SecretStr:
        """The address for Alertmanager. It holds the token as a password, so it is a secret. Available while the context is active."""
        assert self._server is not None  # noqa: S101 - a bug of the caller otherwise
        return SecretStr(f"http://alertmanager:{self._token}@{HOST}:{self._server.server_port}/")


def _handler(log: AlertLog, credentials: Credentials) -> type[BaseHTTPRequestHandler]:
    host_names = HostNames()

    class Handler(BaseHTTPRequestHandler):
        timeout = TIMEOUT_S

        def do_POST(self) -> None:
            refusal = self._refusal()
            if refusal is None and not self._add():
                refusal = HTTPStatus.BAD_REQUEST
            if refusal is not None:
                _log.warning("alert_refused", reason=refusal.phrase)
            self.send_response(refusal or HTTPStatus.OK)
            if refusal is HTTPStatus.UNAUTHORIZED:
                self.send_header("WWW-Authenticate", CHALLENGE)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _refusal(self) -> HTTPStatus | None:
            if not host_names.allows(self.headers.get("Host", "")):
                return HTTPStatus.MISDIRECTED_REQUEST
            if "Origin" in self.headers:
                return HTTPStatus.FORBIDDEN
            if not credentials.accept(self.headers.get("Authorization", "")):
                return HTTPStatus.UNAUTHORIZED
            if self.headers.get_content_type() != "application/json":
                return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
            size = self.headers.get("Content-Length", "")
            if not (size.isascii() and size.isdecimal()):
                return HTTPStatus.LENGTH_REQUIRED
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if len(size) > 10 or int(size) > MAX_BODY else None

        def _add(self) -> bool:
            try:
                log.add(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
                return False
            return True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
            """Log nothing: refusals are logged above."""

    return Handler
