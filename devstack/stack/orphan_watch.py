"""Take a stack down when the process that wanted it is gone, however it went.

- A small process reads from a pipe that only its owner holds open. The pipe ends with the owner: by a return, a crash,
  a kill or the machine's lack of memory. Then the small process takes the stack down, and ends.
- It has its own session, so that the Ctrl-C that ends the owner does not end it as well.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .ports import Claims
from .stack import Stack


@contextlib.contextmanager
def guarded(stack: Stack) -> Iterator[Stack]:
    """Bring `stack` up for the time of the block, and take it down after it, even when this process is killed.

    Raises:
        DevstackError: as `Stack.up`.

    """
    root = str(Path(__file__).parents[__name__.count(".")])  # the folder that holds the top package
    command = [sys.executable, "-m", __name__, stack.name, str(stack.folder.parent)]
    with (
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env=os.environ | {"PYTHONPATH": root},
            start_new_session=True,
        ),
        stack,
        Claims.kept(stack.ports),
    ):
        yield stack


def _main() -> None:
    name, home = sys.argv[1:]
    while sys.stdin.buffer.read(1024):
        pass
    Stack(name=name, home=home).down()


if __name__ == "__main__":
    _main()
