"""A socket with a read buffer, and one deadline for all reads until a new one is set.

websocket-client reads each frame from its socket in small pieces (2 bytes of header, 2 or 8 of length, the payload), and each piece may take the
whole timeout. This class replaces the socket: it reads large blocks and serves pieces from memory, and its deadline holds for all pieces together.
It raises the exceptions of a socket: TimeoutError, OSError.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

_BLOCK: Final = 65_536
_LEAST_WAIT_S: Final = 0.000_001
"""Used instead of 0, which would make the socket non-blocking, with other errors."""


class Wire:
    """Wraps a connected socket. `send_timeout_s` limits each write, which a peer that reads nothing blocks."""

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
        """Whether everything that had come was taken at some moment since this was last set to False."""

    def expire_in(self, seconds: float) -> None:
        """Set the deadline of all following calls of `recv`, in seconds from now."""
        self._deadline = self._monotonic() + seconds

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self._monotonic() >= self._deadline

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end of the stream. Raise TimeoutError at the deadline; no byte is lost."""
        if self._at == len(self._buffer):
            self.drained = self.drained or not self._has_more()
            self._set_timeout(max(self._deadline - self._monotonic(), _LEAST_WAIT_S))
            self._buffer = self._sock.recv(_BLOCK)
            self._at = 0
        piece = self._buffer[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def whole_text(self, limit: int) -> bytes | None:
        """Return the next frame's payload if it is whole in memory and of the usual kind: a text message in one frame, of at most `limit` bytes.

        Return None, and take nothing, for any other frame. RFC 6455, section 5.2: final and text is 0x81; a length of 126 is followed by the real one.
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
        """Send all bytes. Raise ConnectionError when that takes too long: half a message cannot be taken back."""
        self._set_timeout(self._send_timeout_s)
        try:
            self._sock.sendall(data)
        except TimeoutError as error:
            raise ConnectionError("the peer reads nothing") from error
        return len(data)

    def gettimeout(self) -> float:
        """Return 0, so that websocket-client does not wait on its own."""
        return 0

    def settimeout(self, _seconds: float | None) -> None:
        """Ignore the timeout of websocket-client: the deadline decides."""

    def fileno(self) -> int:
        """Return the socket's file descriptor."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket. Closing twice is fine."""
        self._sock.close()

    def _has_more(self) -> bool:
        # The handshake is read byte by byte, and may leave a part of a TLS record in the memory of TLS, where the socket does not show it.
        return (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0) or bool(self._poll.poll(0))

    def _set_timeout(self, seconds: float) -> None:
        # Changing it is a system call: a slightly wrong timeout costs less than one call a frame.
        if not self._timeout_s * 15 / 16 <= seconds <= self._timeout_s * 17 / 16:
            self._sock.settimeout(seconds)
            self._timeout_s = seconds
