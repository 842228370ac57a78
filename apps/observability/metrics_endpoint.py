"""The HTTP endpoint by which a program is watched: /metrics, /healthz, /readyz, in a daemon thread.

- It only reads, and answers from this machine unless told otherwise.
- A port that was asked for and is in use ends the start. The usual port in use is a warning, and the program runs without: carrying trades
  matters more, and an alert on a missing instance tells the rest.
"""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final, Self, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from prometheus_client import CollectorRegistry, Gauge, make_wsgi_app

from domain.errors import TapelineError

from .final_scrape import ScrapeTracker
from .health import Health

_PROMETHEUS: Final = "HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"
"""The header by which Prometheus is told from a person or a page that looks."""
_TEXT: Final = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))

log = structlog.get_logger("tapeline.monitoring")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # The standard library's looks up the host's name, which can take long and is of no use here.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _ServerOn6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10.0  # a client that says nothing does not keep a thread for ever

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: scrapes are no news."""


class Endpoint:
    """The endpoint of one program; port 0 is any free one."""

    def __init__(self, registry: CollectorRegistry, health: Health, *, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._readings = ScrapeTracker()
        self._app = monitoring_app(registry, health, self._readings)
        self._server: WSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port if self._server is None else self._server.server_port

    def start(self) -> None:
        """Listen. Raises OSError where that is not possible."""
        kind = _ServerOn6 if ":" in self._host else _Server
        self._server = make_server(self._host, self._port, self._app, kind, _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer; closing twice is fine."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        if self._thread is not None:
            self._thread.join()

    def await_reading(self, limit_s: float) -> None:
        """Wait until Prometheus reads the metrics once more, for `limit_s` seconds at most; where it does not read them, not at all."""
        self._readings.await_one(limit_s)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def monitoring_app(
    registry: CollectorRegistry, health: Health, readings: ScrapeTracker | None = None
) -> WSGIApplication:
    """Make the application that answers, and tells `readings` of each by Prometheus; it adds `tapeline_ready` to the registry."""
    ready = Gauge("tapeline_ready", "1 while /readyz would answer 200", registry=registry)
    ready.set_function(lambda: float(not health.unready()))
    metrics = cast("WSGIApplication", make_wsgi_app(registry))
    readings = readings or ScrapeTracker()
    questions: dict[str, Callable[[], Sequence[str]]] = {"/healthz": health.stalled, "/readyz": health.unready}

    # The server adds to the list of headers that it is given: each answer has its own.
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            if _PROMETHEUS not in environ:
                return metrics(environ, start_response)
            return readings.through(lambda: metrics(environ, start_response))
        question = questions.get(path)
        if question is None:
            start_response("404 Not Found", [*_TEXT])
            return [b"there are /metrics, /healthz and /readyz\n"]
        reasons = question()
        start_response("503 Service Unavailable" if reasons else "200 OK", [*_TEXT])
        return ["".join(f"{reason}\n" for reason in reasons or ["ok"]).encode()]

    return app


@contextmanager
def monitored(
    registry: CollectorRegistry,
    health: Health,
    *,
    host: str,
    port: int | None,
    usual_port: int,
    last_reading_s: float = 0,
) -> Iterator[None]:
    """Answer while the block runs: on `port`, not at all when that is 0, or, when it is None, on the usual port if that is free.

    When the block fails and Prometheus reads the metrics, wait up to `last_reading_s` seconds for one reading more.

    Raises TapelineError when a port that was asked for cannot be listened on.
    """
    if port == 0:
        yield
        return
    endpoint = Endpoint(registry, health, host=host, port=usual_port if port is None else port)
    try:
        endpoint.start()
    except OSError as error:
        reason = error.strerror or str(error)
        if port is not None:
            raise TapelineError(
                f"cannot answer for metrics on {host}:{port} ({reason}): choose another --metrics-port, or 0 for none"
            ) from error
        log.warning("no_metrics", host=host, port=usual_port, reason=reason, cure="choose another --metrics-port")
        yield
        return
    log.info("metrics", url=f"http://{f'[{host}]' if ':' in host else host}:{endpoint.port}/metrics")
    try:
        yield
    except TapelineError:
        endpoint.await_reading(last_reading_s)
        raise
    finally:
        endpoint.close()


def program_version() -> str:
    """Give the version that is installed; a checkout on a path has none."""
    try:
        return version("tapeline")
    except PackageNotFoundError:
        return "unknown"
