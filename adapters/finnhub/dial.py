"""One attempt to connect, in a thread of its own.

A name lookup has no timeout, and a handshake may hang for minutes or come one byte at a time, but the caller's timeouts must hold. So the attempt
runs in a thread; a caller that has waited long enough abandons it, and a connection that it still makes is closed at once. The thread catches
all its exceptions: it must always report how it ended.
"""

import contextlib
import socket
import threading
from typing import Final
from urllib.parse import quote

import attrs
import websocket

from .connection import Connection, ConnectionLost, describe
from .settings import FinnhubSettings

_TOO_MANY_REQUESTS: Final = 429
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403


@attrs.frozen(kw_only=True)
class Refusal:
    """Why there is no connection. The reason may still hold a secret."""

    reason: str = attrs.field(repr=False)
    rate_limited: bool = False
    retry_after_s: float | None = None
    key_refused: bool = False
    """Whether the server does not accept the API key: another attempt with the same key is refused as well."""


class Dial:
    """An attempt to connect: `outcome` returns its result, `abandon` ends it."""

    def __init__(self, settings: FinnhubSettings) -> None:
        self._settings = settings
        self._ws = websocket.WebSocket(enable_multithread=False, skip_utf8_validation=True)
        self._outcome: Connection | Refusal | None = None
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._abandoned = False

    def start(self) -> None:
        """Begin. The thread is a daemon, so that a name server that never answers cannot delay the end of the process."""
        threading.Thread(target=self._run, name="finnhub-dial", daemon=True).start()

    def outcome(self, timeout_s: float) -> Connection | Refusal | None:
        """Wait up to this long (s), and return the result; None while the attempt goes on."""
        self._done.wait(max(timeout_s, 0))
        return self._outcome

    def abandon(self) -> None:
        """End the attempt, and close a connection that was or will be made. Does not block."""
        with self._lock:
            self._abandoned = True
            outcome = self._outcome
        if isinstance(outcome, Connection):
            outcome.close()
        sock = self._ws.sock
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        outcome = self._connect()
        with self._lock:
            self._outcome = outcome
            abandoned = self._abandoned
        if abandoned and isinstance(outcome, Connection):
            outcome.close()
        self._done.set()

    def _connect(self) -> Connection | Refusal:
        settings = self._settings
        url = f"{settings.url}?token={quote(settings.token, safe='')}"
        try:
            self._ws.settimeout(settings.connect_timeout_s)
            # A redirect would send the token to a host that is not in the settings.
            self._ws.connect(url, redirect_limit=0)  # type: ignore[no-untyped-call]
            return Connection(
                self._ws,
                send_timeout_s=settings.connect_timeout_s,
                max_message_bytes=settings.max_message_bytes,
            )
        except websocket.WebSocketBadStatusException as error:
            # The error's own text is the whole answer, headers and body: the status is enough.
            reason = f"the handshake was refused: HTTP {error.status_code} {error.status_message or ''}".rstrip()
            return Refusal(
                reason=reason,
                rate_limited=error.status_code == _TOO_MANY_REQUESTS,
                key_refused=error.status_code in {_UNAUTHORIZED, _FORBIDDEN},
                retry_after_s=_seconds((error.resp_headers or {}).get("retry-after")),
            )
        except ConnectionLost as error:
            return Refusal(reason=str(error))
        except Exception as error:  # noqa: BLE001 - see above
            return Refusal(reason=f"no connection: {describe(error)}")


def _seconds(retry_after: object) -> float | None:
    text = str(retry_after or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
