"""The metric that shows when the certificates of a program's servers end.

A daemon thread connects to each configured server at the start and every hour. A server that does not answer keeps its last value: that it is
unavailable is for other metrics to show.
"""

import contextlib
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from prometheus_client import CollectorRegistry, Gauge

from .tls_connections import TlsSettings, handshake

PERIOD_S: Final = 3600.0
RETRY_S: Final = 60.0
"""The pause while a server has never answered."""


class CertificateWatch:
    """Reads the certificates while the block runs; does nothing for connections without TLS."""

    def __init__(self, registry: CollectorRegistry, connections: Iterable[TlsSettings]) -> None:
        self._servers = [
            (settings, *address) for settings in connections if settings.enabled for address in settings.addresses
        ]
        self._expiry = Gauge(
            "tapeline_server_certificate_expiry_timestamp_seconds",
            "When the certificate of a server ends",
            ["server"],
            registry=registry,
        )
        self._known: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="certificates", daemon=True)

    def __enter__(self) -> Self:
        if self._servers:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A handshake in progress is not awaited: it may take its whole timeout.
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.is_set():
            for settings, host, port in self._servers:
                with contextlib.suppress(OSError, ValueError):
                    ends_s = handshake(settings, host, port).ends_s
                    server = f"{host}:{port}"
                    self._expiry.labels(server).set(ends_s)
                    self._known.add(server)
            self._closed.wait(PERIOD_S if len(self._known) == len(self._servers) else RETRY_S)
