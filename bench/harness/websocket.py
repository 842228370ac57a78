"""A WebSocket server of recorded frames, as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.harness.variants import ROOT


@contextmanager
def serving(*args: object) -> Iterator[str]:
    """Run `bench.programs.websocket_server` with these arguments within the block. Yield its URL."""
    command = (sys.executable, "-m", "bench.programs.websocket_server", *map(str, args))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"ws://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
