"""One open WebSocket, over websocket-client's low-level class.

1. `receive` returns a whole message, or None when none was complete in time; the part that came is kept for the next call.
2. WebSocket pings are answered and are not messages, but `heard` includes them: they prove that the connection is alive.
3. None, and a message with `drained`, mean that at some moment since the call everything that had come was taken.
4. Every end of the connection is raised as `ConnectionLost`, with a text that may still hold a secret.
"""

import contextlib
import socket
import struct
from typing import Final, cast

import websocket

from .wire import Wire

_TEXT: Final = websocket.ABNF.OPCODE_TEXT
_BINARY: Final = websocket.ABNF.OPCODE_BINARY
_CLOSE: Final = websocket.ABNF.OPCODE_CLOSE
_MAX_LATE_CONTROLS: Final = 10_000
"""Control frames that one call may take after its time is up: more of them are a flood."""


class ConnectionLost(Exception):  # noqa: N818 - internal to the adapter: it never leaves it
    """The connection is over. Redact the text before showing it."""


class _BoundedFrames(websocket.frame_buffer):
    """Frames of bounded length: the length in a header is checked before memory is reserved."""

    def __init__(self, frames: websocket.frame_buffer, limit: int) -> None:
        super().__init__(frames.recv, skip_utf8_validation=True)
        self._limit = limit

    def recv_length(self) -> None:
        super().recv_length()
        if self.length is not None and self.length > self._limit:
            raise ConnectionLost(f"a frame of {self.length} bytes; the limit is {self._limit}")


class _BoundedFragments(websocket.continuous_frame):
    """The same for a message of several fragments."""

    def __init__(self, limit: int) -> None:
        super().__init__(fire_cont_frame=False, skip_utf8_validation=True)
        self._limit = limit

    def add(self, frame: websocket.ABNF) -> None:
        super().add(frame)
        if self.cont_data is not None and len(self.cont_data[1]) > self._limit:
            raise ConnectionLost(f"a message of more than {self._limit} bytes")


class Connection:
    """An open WebSocket. For use by one thread."""

    def __init__(self, ws: websocket.WebSocket, *, send_timeout_s: float, max_message_bytes: int) -> None:
        if ws.sock is None:
            raise ConnectionLost("closed right after the handshake")
        self._ws = ws
        self._wire = Wire(ws.sock, send_timeout_s=send_timeout_s)
        ws.sock = cast("socket.socket", self._wire)
        # The parser validates UTF-8, two orders of magnitude faster than websocket-client.
        ws.frame_buffer = _BoundedFrames(ws.frame_buffer, max_message_bytes)
        ws.cont_frame = _BoundedFragments(max_message_bytes)
        self._max_message_bytes = max_message_bytes
        self.heard = False
        """Whether anything, even only a ping, was received since this was last set to False."""

    @property
    def drained(self) -> bool:
        """Whether the last call of `receive` found nothing at some moment."""
        return self._wire.drained

    def receive(self, timeout_s: float) -> bytes | None:
        """Return the next message's payload, or None when none is complete within the time (s). Raise ConnectionLost."""
        self._wire.drained = False
        # The bytes in memory begin with a frame: websocket-client keeps a part of one only when it has taken all bytes.
        if self._ws.cont_frame.cont_data is None:
            # Between messages. Mostly the next one is in memory already, and websocket-client needs five times as long to return it.
            payload = self._wire.whole_text(self._max_message_bytes)
            if payload is not None:
                self.heard = True
                return payload
        self._wire.expire_in(timeout_s)
        controls_late = 0
        try:
            while True:
                opcode, data = self._ws.recv_data(control_frame=True)
                self.heard = True
                if opcode in (_TEXT, _BINARY):
                    return bytes(data)
                if opcode == _CLOSE:
                    raise ConnectionLost(f"closed by the server: {_close_reason(data)}")
                if self._wire.expired:
                    # Messages may follow the control frame, and None means that there are none.
                    if self._wire.drained:
                        return None
                    controls_late += 1
                    if controls_late > _MAX_LATE_CONTROLS:
                        raise ConnectionLost("a flood of control frames")
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise ConnectionLost(describe(error)) from error

    def send(self, payload: bytes) -> None:
        """Send one text message. Raise ConnectionLost."""
        try:
            self._ws.send(payload, _TEXT)
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise ConnectionLost(describe(error)) from error

    def close(self) -> None:
        """Send a close frame, and do not wait for the answer. Closing twice is fine."""
        with contextlib.suppress(websocket.WebSocketException, OSError, ValueError):
            if self._ws.connected:
                self._ws.send_close()
        self._ws.sock = None
        self._wire.close()


def describe(error: BaseException) -> str:
    """Return a vendor's exception as one line of text."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _close_reason(data: bytes) -> str:
    if len(data) < 2:
        return "no reason given"
    (code,) = struct.unpack("!H", data[:2])
    return f"{code} {data[2:].decode(errors='replace')}".rstrip()
