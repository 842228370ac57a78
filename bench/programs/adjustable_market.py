"""A WebSocket server of simulated trades with an adjustable rate: `adjustable_market TRADES_PER_FRAME MARKERS`. It prints its port.

Each line of input is a rate in trades per second, or 0 to pause. The answer is a line with the number of trades sent so far. The program ends with its
input. The simulator makes the frames, with their scheduled times as timestamps, so a frame is never older than the interval between two sends. If a
client reads too slowly, the server catches up on at most one second of trades and skips the rest.

MARKERS are symbols, separated by commas. They trade in frames of their own, at `MARKED_PER_S` in total at every rate, so a reader that polls them has
the same work at every rate. The other symbols share the remaining trades.
"""

import os
import sys
import threading
import time
from typing import Final

from websockets.sync.server import ServerConnection, serve

from adapters.simulator.frames import FrameMaker
from adapters.simulator.market import Market
from adapters.simulator.quirks import Quirks
from bench.harness.workload import SEED, symbols
from bench.programs.websocket_server import text_frame

MARKED_PER_S: Final = 100.0
_TICK_S: Final = 0.005
_MAX_BACKLOG_S: Final = 1.0


class Tape:
    """Sends trades to one client at a time."""

    def __init__(self, trades_per_frame: int, markers: list[str]) -> None:
        self.rate = 0.0
        self.sent = 0
        self._trades_per_frame = trades_per_frame
        self._maker = FrameMaker(Market(SEED), Quirks(), SEED)
        self._markers = markers
        self._others = [name for name in symbols() if name not in markers]

    def handle(self, connection: ServerConnection) -> None:
        """Send trades to a client from its first message on, until it disconnects."""
        connection.recv()
        # The client's further messages are irrelevant, but the server must read them, or the connection stalls.
        threading.Thread(target=self._listen, args=(connection,), daemon=True).start()
        last_s, due, marked = time.monotonic(), 0.0, 0.0
        try:
            while True:
                time.sleep(_TICK_S)
                now_s, rate = time.monotonic(), self.rate
                due = min(due + (now_s - last_s) * rate, rate * _MAX_BACKLOG_S)
                frames = int(due / self._trades_per_frame)
                if frames:
                    due -= frames * self._trades_per_frame
                    marked += MARKED_PER_S / rate * frames
                    of_markers = min(int(marked), frames)
                    marked -= of_markers
                    block = self._make(frames, of_markers, now_s - last_s)
                    self.sent += frames * self._trades_per_frame
                    connection.socket.sendall(block)
                last_s = now_s
        except OSError:
            pass

    def _make(self, frames: int, of_markers: int, over_s: float) -> bytes:
        now_ms = time.time() * 1000
        step_ms = over_s * 1000 / frames
        first_ms = now_ms - over_s * 1000
        block = bytearray()
        for number in range(frames):
            start_ms = first_ms + number * step_ms
            names = self._markers if number < of_markers else self._others
            messages = self._maker.make(names, self._trades_per_frame, start_ms, start_ms + step_ms)
            block += text_frame(messages[-1].payload)
        return bytes(block)

    @staticmethod
    def _listen(connection: ServerConnection) -> None:
        for _ in connection:
            pass


def main(trades_per_frame: str, markers: str) -> None:
    """Serve until the input ends."""
    tape = Tape(int(trades_per_frame), markers.split(","))
    with serve(tape.handle, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.socket.getsockname()[1], flush=True)
        for line in sys.stdin:
            tape.rate = float(line)
            print(tape.sent, flush=True)
        # The threads that send never end on their own, and the server would wait for them.
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
