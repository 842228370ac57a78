"""Read frames with websocket-client and discard them: `read_websocket URL FRAMES TRADES_PER_FRAME`.

The first fifth is a warm-up. The report counts trades.
"""

import sys

import websocket

from bench.harness.runs import Stopwatch


def main(url: str, count: str, trades_per_frame: str) -> None:
    """Measure the client."""
    frames = int(count)
    ws = websocket.create_connection(url, skip_utf8_validation=True, enable_multithread=False, timeout=60)
    ws.send("begin")
    for _ in range(frames // 5):
        ws.recv_data()
    watch = Stopwatch()
    for _ in range(frames - frames // 5):
        ws.recv_data()
    watch.stop((frames - frames // 5) * int(trades_per_frame)).report()
    ws.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
