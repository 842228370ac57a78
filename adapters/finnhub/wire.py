"""A socket with a read buffer and one deadline for everything that is done until further notice.

websocket-client asks its socket for each frame in small pieces (2 bytes of header, 2 or 8 of length, the payload), and gives each piece the
whole timeout. This stands in for the socket: it reads large blocks and serves pieces from memory, and its deadline holds for all pieces together.
It speaks to websocket-client in the exceptions of a socket: TimeoutError, OSError.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

_BLOCK: Final = 65_536
_LEAST_WAIT_S: Final = 0.000_001
"""Instead of 0, which would make the socket non-blocking and its errors other ones."""


class Wire:
    """Wrap a connected socket. `send_timeout_s` bounds each write, as a peer that reads nothing blocks it."""

    def __init__(
        self, sock: socket.socket, *, send_timeout_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sock = sock
        self._send_timeout_s = send_timeout_s
        self._monotonic = monotonic
        self._deadline: float = monotonic() + send_timeout_s
        self._timeout_s = 0.0
        self._buffer = b""
        self._at = 0
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.drained = False
        """Whether, since this was last set to False, there was a moment when all that had come was taken."""

    def expire_in(self, seconds: float) -> None:
        """Let every `recv` from now on end by then."""
        self._deadline = self._monotonic() + seconds

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self._monotonic() >= self._deadline

    def recv(self, size: int) -> bytes:
        """Give up to `size` bytes, b"" at the end of the stream. Raises TimeoutError at the deadline, with nothing lost."""
        if self._at == len(self._buffer):
            self.drained = self.drained or not self._has_more()
            self._set_timeout(max(self._deadline - self._monotonic(), _LEAST_WAIT_S))
            self._buffer = self._sock.recv(_BLOCK)
            self._at = 0
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def whole_text(self, limit: int) -> bytes | None:
        """Give the next frame's payload if it lies in memory whole and is the usual one: a text message in one frame, of at most `limit` bytes.

        None, and nothing taken, for any other. RFC 6455, section 5.2: final and text is 0x81; a length of 126 is followed by the real one.
        """
        buffer, at = self._buffer, self._at
        if len(buffer) - at < 2 or buffer[at] != 0x81:
            return None
        length, start = buffer[at + 1], at + 2
        if length == 126:
            length, start = int.from_bytes(buffer[start : start + 2]), start + 2
        elif length > 126:
            return None
        end = start + length
        if end > len(buffer) or length > limit:
            return None
        self._at = end
        return buffer[start:end]

    def send(self, data: bytes) -> int:
        """Send all of it. Raises ConnectionError when that is not done in time: half a message cannot be taken back."""
        self._set_timeout(self._send_timeout_s)
        try:
            self._sock.sendall(data)
        except TimeoutError as error:
            raise ConnectionError("the peer reads nothing") from error
        return len(data)

    def gettimeout(self) -> float:
        """Tell websocket-client to ask once and not to wait by itself."""
        return 0

    def settimeout(self, _seconds: float | None) -> None:
        """Take no timeout from websocket-client: the deadline decides."""

    def fileno(self) -> int:
        """Give the socket's number."""
        return self._sock.fileno()

    def close(self) -> None:
        """Let go of the socket; closing twice is fine."""
        self._sock.close()

    def _has_more(self) -> bool:
        # The handshake is read byte by byte, and may leave behind a part of a TLS record, of which the socket knows nothing any more.
        return (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0) or bool(self._poll.poll(0))

    def _set_timeout(self, seconds: float) -> None:
        # Changing it is a system call: a timeout that is a little off costs less than one a frame.
        if not self._timeout_s * 15 / 16 <= seconds <= self._timeout_s * 17 / 16:
            self._sock.settimeout(seconds)
            self._timeout_s = seconds
