"""The page's server: uvicorn in a thread of its own, so that it goes beside whatever else the process does.

`start` takes the port at once and returns; the web framework is loaded in the thread, so that nothing waits for it. While it loads, browsers wait in
the port's queue.
"""

import importlib.util
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import structlog

from domain.errors import TapelineError

from .source import PageSource

if TYPE_CHECKING:
    import uvicorn

PORTS_TO_TRY: Final = 20
STOP_S: Final = 10.0
LET_START_S: Final = 1.0
_log = structlog.get_logger("apps.web")


class PageServerError(TapelineError):
    """The page cannot be served."""


class PageServer:
    """Serves the page while its block is entered."""

    def __init__(
        self, source: PageSource, *, host: str = "127.0.0.1", port: int = 8080, allowed_hosts: Collection[str] = ()
    ) -> None:
        """Serve on this port or the next free one, 0 being any, and answer to `allowed_hosts` as well as to this machine's names."""
        self._source = source
        self._host = host
        self._port = port
        self._allowed_hosts = allowed_hosts
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
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
        """The page's address, once started."""
        if self._socket is None:
            raise PageServerError("the page is not served: call start() first")
        host, port = self._socket.getsockname()[:2]
        # Nobody can visit the address that means all of them.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self, *, after_s: float = 0.0) -> None:
        """Take the port and begin to serve, the latter after so many seconds. Raises PageServerError when no port is free or a package is missing."""
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
        """Wait until the server has ended by itself, no longer than the time; True when it has."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def close(self) -> None:
        """End every stream and let go of the port; closing twice is fine."""
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
        except Exception:  # noqa: BLE001 - a page that fails must not end the pipeline beside it
            _log.exception("page_server_failed")

    def _run(self) -> None:
        if self._stopping.wait(self._after_s):
            return
        import uvicorn  # noqa: PLC0415 - loaded late and in this thread, see above

        from .app import create_app  # noqa: PLC0415

        app = create_app(self._source, host_names=[self._host, *self._allowed_hosts])
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            log_config=None,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
            limit_concurrency=1000,
        )
        self._server = uvicorn.Server(config)
        if not self._stopping.is_set():
            assert self._socket is not None  # noqa: S101 - start() took it
            self._server.run(sockets=[self._socket])


@contextmanager
def page_beside(server: PageServer, *, wanted: bool = True) -> Iterator[str]:
    """Serve the page beside a program that does not depend on it: gives the address, or why there is no page, or nothing where none is wanted."""
    if not wanted:
        yield ""
        return
    try:
        # The program's own start goes first: loading the web framework takes a second of this process.
        server.start(after_s=LET_START_S)
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
