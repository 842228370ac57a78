"""A WebSocket server of made-up trades whose rate can be changed while it runs: `market TRADES_A_FRAME MARKERS`; prints its port.

Each line of input is a rate in trades a second, 0 for none; the answer is a line with the number of trades sent so far. It ends with its input.
The frames are the simulator's, stamped with the time at which they are due, so that they are never older than the pause between two sends. What a
client takes too slowly is owed to it for a second, and no longer.

MARKERS, with commas between, are symbols that trade at `MARKED_PER_S` altogether, whatever the rate of all is, and in frames of their own: who follows
them has the same work at each rate. The other symbols share the rest.
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
_MOST_OWED_S: Final = 1.0


class Tape:
    """Sends to one client at a time."""

    def __init__(self, trades_a_frame: int, markers: list[str]) -> None:
        self.rate = 0.0
        self.sent = 0
        self._trades_a_frame = trades_a_frame
        self._maker = FrameMaker(Market(SEED), Quirks(), SEED)
        self._markers = markers
        self._others = [name for name in symbols() if name not in markers]

    def handle(self, connection: ServerConnection) -> None:
        """Serve a client, from its first message on, until it goes."""
        connection.recv()
        # It says nothing that matters any more; what it sends must be read, or the connection stands still.
        threading.Thread(target=self._listen, args=(connection,), daemon=True).start()
        last_s, due, marked = time.monotonic(), 0.0, 0.0
        try:
            while True:
                time.sleep(_TICK_S)
                now_s, rate = time.monotonic(), self.rate
                due = min(due + (now_s - last_s) * rate, rate * _MOST_OWED_S)
                frames = int(due / self._trades_a_frame)
                if frames:
                    due -= frames * self._trades_a_frame
                    marked += MARKED_PER_S / rate * frames
                    of_markers = min(int(marked), frames)
                    marked -= of_markers
                    block = self._make(frames, of_markers, now_s - last_s)
                    self.sent += frames * self._trades_a_frame
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
            begin_ms = first_ms + number * step_ms
            names = self._markers if number < of_markers else self._others
            made = self._maker.make(names, self._trades_a_frame, begin_ms, begin_ms + step_ms)
            block += text_frame(made[-1].payload)
        return bytes(block)

    @staticmethod
    def _listen(connection: ServerConnection) -> None:
        for _ in connection:
            pass


def main(trades_a_frame: str, markers: str) -> None:
    """Serve until the input ends."""
    tape = Tape(int(trades_a_frame), markers.split(","))
    with serve(tape.handle, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.socket.getsockname()[1], flush=True)
        for line in sys.stdin:
            tape.rate = float(line)
            print(tape.sent, flush=True)
        # Whoever sends never ends by itself, and the server would wait for it.
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
