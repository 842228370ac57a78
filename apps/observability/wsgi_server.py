"""A small HTTP server for WSGI applications: one thread per connection, a bound on their number, and TLS.

The TLS handshake runs in the thread of its connection. In the accepting thread, one silent client would block all others.
"""

import socket
import ssl
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

MAX_CONNECTIONS: Final = 32
TIMEOUT_S: Final = 10.0
"""Longest wait for a client to send or receive the next bytes, and for a TLS handshake."""


class _Handler(WSGIRequestHandler):
    timeout = TIMEOUT_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Log nothing: a scrape every few seconds is no event."""


class ThreadedWsgiServer(ThreadingMixIn, WSGIServer):
    """Listens from its construction on; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, host: str, port: int, app: WSGIApplication, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen on an address. Raise OSError if that is not possible."""
        if ":" in host:
            self.address_family = socket.AF_INET6
        self._tls = tls
        self._free_connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__((host, port), _Handler)
        self.set_app(app)

    def server_bind(self) -> None:
        """Bind without the look-up of the host name that the standard library does, which can take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in its own thread, or close it at once if there are too many."""
        if self._free_connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection, then make room for the next one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free_connections.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Do the TLS handshake if there is one, and answer the request."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(TIMEOUT_S)
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a connection that failed, such as a handshake with an old TLS version: the client knows."""
