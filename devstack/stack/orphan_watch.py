"""Take a stack down when the process that owns it ends, also when it is killed.

- A watch process reads from a pipe that only the owner holds open. When the owner ends for any reason, the system closes the
  pipe. The watch process then takes the stack down and ends.
- The watch process has its own session, so a Ctrl-C in the owner's terminal does not end it.
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
    """Run `stack` during the block and take it down afterwards, also when this process is killed.

    Raises:
        DevstackError: `Stack.up` failed.

    """
    root = str(Path(__file__).parents[__name__.count(".")])  # the folder that holds the top package
    command = [sys.executable, "-m", __name__, stack.name, str(stack.folder.parent)]
    with (
        subprocess.Popen(  # noqa: S603 - this interpreter and this module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env=os.environ | {"PYTHONPATH": root},
            start_new_session=True,
        ),
        stack,
        Claims.reserved(stack.ports),
    ):
        yield stack


def _main() -> None:
    name, home = sys.argv[1:]
    while sys.stdin.buffer.read(1024):
        pass
    Stack(name=name, home=home).down()


if __name__ == "__main__":
    _main()
