"""A WebSocket server that sends the same frames to each client: `websocket_server FILE [FRAMES_PER_S]`. It prints its port.

It starts after the client's first message, and sends as fast as the client reads, or at a steady rate. It encodes the WebSocket frames beforehand, so
it takes little CPU time from the measured program.
"""

import sys
import time
from collections.abc import Sequence
from typing import Final

from websockets.sync.server import ServerConnection, serve

from bench.harness.workload import read_frames

_BLOCK: Final = 65_536


def text_frame(payload: bytes) -> bytes:
    """Return the WebSocket frame of a text message shorter than 64 KiB (RFC 6455, section 5.2)."""
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    return b"\x81\x7e" + len(payload).to_bytes(2) + payload


def send_all(connection: ServerConnection, frames: Sequence[bytes]) -> None:
    """Send the frames as fast as the client reads them."""
    block = bytearray()
    for frame in frames:
        block += frame
        if len(block) >= _BLOCK:
            connection.socket.sendall(block)
            block.clear()
    connection.socket.sendall(block)


def send_steadily(connection: ServerConnection, frames: Sequence[bytes], frames_per_s: float) -> None:
    """Send each frame at its scheduled time."""
    started_s = time.monotonic()
    for number, frame in enumerate(frames):
        wait_s = started_s + number / frames_per_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        connection.socket.sendall(frame)


def main(file: str, frames_per_s: str = "") -> None:
    """Serve until the process is terminated."""
    frames = [text_frame(payload) for payload in read_frames(file)]

    def handle(connection: ServerConnection) -> None:
        connection.recv()
        try:
            if frames_per_s:
                send_steadily(connection, frames, float(frames_per_s))
            else:
                send_all(connection, frames)
            # Wait until the client disconnects.
            for _ in connection:
                pass
        except OSError:
            pass

    with serve(handle, "127.0.0.1", 0, compression=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
