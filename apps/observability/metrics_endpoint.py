"""The monitoring endpoint of a program: /metrics, /healthz and /readyz, answered in a daemon thread.

- It is read-only, and on loopback by default. TLS and credentials are optional and protect all three paths.
- If the configured port is in use, the program does not start. If only the default port is in use, the program logs a warning and runs without the
  endpoint: carrying trades matters more, and an alert reports the missing instance.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from prometheus_client import CollectorRegistry, Gauge, make_wsgi_app

from apps.http_security.credentials import CHALLENGE, Credentials
from apps.http_security.endpoint_security import EndpointSecurity
from domain.errors import TapelineError

from .final_scrape import ScrapeTracker
from .health import Health
from .wsgi_server import ThreadedWsgiServer

_SCRAPE_HEADER: Final = "HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS"
"""Only Prometheus sends this header."""
_TEXT: Final = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))
_OPEN: Final = EndpointSecurity()

log = structlog.get_logger("tapeline.monitoring")


class MetricsEndpoint:
    """The endpoint of one program; port 0 means any free port."""

    def __init__(
        self,
        registry: CollectorRegistry,
        health: Health,
        *,
        host: str,
        port: int,
        security: EndpointSecurity = _OPEN,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._scrapes = ScrapeTracker()
        app = monitoring_app(registry, health, self._scrapes)
        self._app = protected(app, security.credentials) if security.credentials.are_required else app
        self._server: ThreadedWsgiServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._port if self._server is None else self._server.server_port

    @property
    def url(self) -> str:
        """The address of the metrics."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._security.scheme}://{host}:{self.port}/metrics"

    def start(self) -> None:
        """Listen and answer. Raise OSError if the port is not available."""
        self._server = ThreadedWsgiServer(self._host, self._port, self._app, tls=self._security.tls)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening. A second call does nothing."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        if self._thread is not None:
            self._thread.join()

    def await_scrape(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` seconds for the next scrape by Prometheus. Return at once if Prometheus does not scrape."""
        self._scrapes.await_next(timeout_s)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def monitoring_app(
    registry: CollectorRegistry, health: Health, scrapes: ScrapeTracker | None = None
) -> WSGIApplication:
    """Return the application that answers the three paths and reports scrapes by Prometheus to `scrapes`. Adds `tapeline_ready` to the registry."""
    ready = Gauge("tapeline_ready", "1 while /readyz would answer 200", registry=registry)
    ready.set_function(lambda: float(not health.unready()))
    metrics = cast("WSGIApplication", make_wsgi_app(registry))
    scrapes = scrapes or ScrapeTracker()
    checks: dict[str, Callable[[], Sequence[str]]] = {"/healthz": health.stalled, "/readyz": health.unready}

    # The server changes the list of headers that it gets, so each response has its own list.
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            if _SCRAPE_HEADER not in environ:
                return metrics(environ, start_response)
            return scrapes.track(lambda: metrics(environ, start_response))
        check = checks.get(path)
        if check is None:
            start_response("404 Not Found", [*_TEXT])
            return [b"available paths: /metrics, /healthz, /readyz\n"]
        reasons = check()
        start_response("503 Service Unavailable" if reasons else "200 OK", [*_TEXT])
        return ["".join(f"{reason}\n" for reason in reasons or ["ok"]).encode()]

    return app


def protected(app: WSGIApplication, credentials: Credentials) -> WSGIApplication:
    """Return an application that answers 401 to a request without the right credentials."""

    def check(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if credentials.accept(environ.get("HTTP_AUTHORIZATION", "")):
            return app(environ, start_response)
        start_response("401 Unauthorized", [*_TEXT, ("WWW-Authenticate", CHALLENGE)])
        return [b"credentials required\n"]

    return check


@contextmanager
def monitored(
    registry: CollectorRegistry,
    health: Health,
    *,
    host: str,
    port: int | None,
    usual_port: int,
    final_scrape_s: float = 0,
    security: EndpointSecurity = _OPEN,
) -> Iterator[None]:
    """Serve the endpoint while the block runs: on `port`, not at all if it is 0, or, if it is None, on the usual port if that is free.

    If the block fails and Prometheus scrapes the program, wait up to `final_scrape_s` seconds for one more scrape.

    Raise TapelineError if the configured port is not available.
    """
    if port == 0:
        yield
        return
    endpoint = MetricsEndpoint(
        registry, health, host=host, port=usual_port if port is None else port, security=security
    )
    try:
        endpoint.start()
    except OSError as error:
        reason = error.strerror or str(error)
        if port is not None:
            raise TapelineError(
                f"cannot serve metrics on {host}:{port} ({reason}): choose another --metrics-port, or 0 for none"
            ) from error
        log.warning("no_metrics", host=host, port=usual_port, reason=reason, cure="choose another --metrics-port")
        yield
        return
    log.info("metrics", url=endpoint.url)
    try:
        yield
    except TapelineError:
        endpoint.await_scrape(final_scrape_s)
        raise
    finally:
        endpoint.close()
