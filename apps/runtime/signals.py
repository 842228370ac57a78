"""Stop requests: the first Ctrl-C or SIGTERM asks the program to end its loop and report. A second Ctrl-C ends it at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether the program should stop."""

    def __init__(self) -> None:
        self.requested = False
        self._on_ask: list[Callable[[], None]] = []

    def ask(self) -> None:
        """Request a stop; the loop sees it in its next turn."""
        if not self.requested:
            self.requested = True
            for call in self._on_ask:
                call()

    def on_ask(self, call: Callable[[], None]) -> None:
        """Call this once at the first request. It runs in a signal handler, so it must return at once."""
        self._on_ask.append(call)


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn SIGINT and SIGTERM into a stop request while the block runs. Main thread only."""
    stop = StopRequest()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.ask()

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
