"""The web server: uvicorn in its own thread, beside the other work of the process.

`start` opens the port and returns at once. The thread loads the web framework, so that the start of the program does not wait for it. Connections made
before that wait in the queue of the port.
"""

import importlib.util
import socket
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import structlog

from apps.http_security.endpoint_security import EndpointSecurity
from apps.observability.health import Heartbeat, stalled_reasons
from domain.errors import TapelineError

from .limits import Limits
from .page_source import PageSource

if TYPE_CHECKING:
    import uvicorn

PORTS_TO_TRY: Final = 20
STOP_S: Final = 10.0
START_DELAY_S: Final = 1.0
_OPEN: Final = EndpointSecurity()
_USUAL_LIMITS: Final = Limits()
_log = structlog.get_logger("apps.web")


class PageServerError(TapelineError):
    """The page cannot be served."""


class PageServer:
    """Serves the page while its context is active."""

    def __init__(
        self,
        source: PageSource,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        allowed_hosts: Collection[str] = (),
        security: EndpointSecurity = _OPEN,
        limits: Limits = _USUAL_LIMITS,
    ) -> None:
        """Serve on this port or the next free one, 0 being any, and answer to `allowed_hosts` as well as to this machine's names."""
        self._source = source
        self._host = host
        self._port = port
        self._allowed_hosts = allowed_hosts
        self._security = security
        self._limits = limits
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._heartbeat = Heartbeat()
        self._after_s = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address of the page. Raise PageServerError before `start`."""
        if self._socket is None:
            raise PageServerError("the page is not served yet: call start() first")
        host, port = self._socket.getsockname()[:2]
        # The wildcard address is not an address to visit.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"{self._security.scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def start(self, *, after_s: float = 0.0) -> None:
        """Open the port, and serve after `after_s` seconds. Raise PageServerError if no port is free or a package is missing."""
        if self._thread is not None:
            return
        for package in ("fastapi", "uvicorn"):
            if importlib.util.find_spec(package) is None:
                raise PageServerError(f"the page needs the package {package}: install tapeline[web]")
        self._after_s = after_s
        self._socket = _take_port(self._host, self._port)
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for the server to end on its own, and return whether it has ended."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def stalled(self) -> Sequence[str]:
        """Return why the server is not alive; empty if its event loop runs or has not begun."""
        return stalled_reasons(self._heartbeat.seconds)

    def close(self) -> None:
        """End all streams and close the port. A second call does nothing."""
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_S)
        if self._socket is not None:
            self._socket.close()

    def _serve(self) -> None:
        try:
            self._run()
        except Exception:  # noqa: BLE001 - a failed page must not end the pipeline
            _log.exception("page_server_failed")

    def _run(self) -> None:
        if self._stopping.wait(self._after_s):
            return
        import uvicorn  # noqa: PLC0415 - loaded late and in this thread, see above

        from .app import create_app  # noqa: PLC0415

        app = create_app(
            self._source,
            host_names=[self._host, *self._allowed_hosts],
            credentials=self._security.credentials,
            limits=self._limits,
            beat=self._heartbeat.beat,
        )
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            log_config=None,
            server_header=False,
            ws="none",
            # It bounds the size of a request's head.
            http="h11",
            timeout_graceful_shutdown=1,
            limit_concurrency=1000,
        )
        config.load()
        config.ssl = self._security.tls
        self._server = uvicorn.Server(config)
        if not self._stopping.is_set():
            assert self._socket is not None  # noqa: S101 - start() took it
            self._server.run(sockets=[self._socket])


@contextmanager
def served_page(server: PageServer, *, wanted: bool = True) -> Iterator[str]:
    """Serve the page while the block runs, and yield its address. Yield the reason if it cannot be served, and "" if it is not wanted."""
    if not wanted:
        yield ""
        return
    try:
        # Loading the web framework takes a second of CPU time, which the start of the program needs first.
        server.start(after_s=START_DELAY_S)
    except PageServerError as error:
        yield str(error)
        return
    try:
        yield server.url
    finally:
        server.close()


def _take_port(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise PageServerError(f"the page cannot be served on {host!r}: {error}") from error
    failure: OSError | None = None
    for candidate in range(port, min(port + PORTS_TO_TRY, 65_536)) if port else (0,):
        taken = socket.socket(family, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((address[0], candidate))
            taken.listen(128)
        except OSError as error:
            taken.close()
            failure = error
        else:
            return taken
    raise PageServerError(
        f"the page cannot be served on {host}, ports {port} to {port + PORTS_TO_TRY - 1}: {failure}"
    ) from failure
