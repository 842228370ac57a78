"""A WebSocket server that sends the same frames to each client: `websocket_server FILE [FRAMES_PER_S]`; prints its port.

It begins when the client has sent its first message, and sends as fast as is taken, or at a steady rate: frames that are due go out together.
The frames are put into WebSocket's form beforehand, so that the server takes little of the machine that is measured.
"""

import sys
import time
from collections.abc import Sequence
from typing import Final

from websockets.sync.server import ServerConnection, serve

from bench.harness.workload import read_frames

_BLOCK: Final = 65_536


def text_frame(payload: bytes) -> bytes:
    """Put a text message of less than 64 KiB into WebSocket's form (RFC 6455, section 5.2)."""
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    return b"\x81\x7e" + len(payload).to_bytes(2) + payload


def send_all(connection: ServerConnection, frames: Sequence[bytes]) -> None:
    """Send as fast as the client takes it."""
    block = bytearray()
    for frame in frames:
        block += frame
        if len(block) >= _BLOCK:
            connection.socket.sendall(block)
            block.clear()
    connection.socket.sendall(block)


def send_steadily(connection: ServerConnection, frames: Sequence[bytes], frames_per_s: float) -> None:
    """Send each frame when it is due."""
    begun_s = time.monotonic()
    for number, frame in enumerate(frames):
        wait_s = begun_s + number / frames_per_s - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        connection.socket.sendall(frame)


def main(file: str, frames_per_s: str = "") -> None:
    """Serve until ended."""
    frames = [text_frame(payload) for payload in read_frames(file)]

    def handle(connection: ServerConnection) -> None:
        connection.recv()
        try:
            if frames_per_s:
                send_steadily(connection, frames, float(frames_per_s))
            else:
                send_all(connection, frames)
            # The client goes when it has enough.
            for _ in connection:
                pass
        except OSError:
            pass

    with serve(handle, "127.0.0.1", 0, compression=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
