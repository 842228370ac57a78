"""Stopping on purpose: Ctrl-C and SIGTERM ask once, politely; the app ends its loop and reports. A second Ctrl-C ends it at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether somebody asked to stop."""

    def __init__(self) -> None:
        self.requested = False
        self._on_ask: list[Callable[[], None]] = []

    def ask(self) -> None:
        """Ask to stop at the next chance."""
        if not self.requested:
            self.requested = True
            for call in self._on_ask:
                call()

    def on_ask(self, call: Callable[[], None]) -> None:
        """Call this once when somebody asks; in a signal handler, so it returns at once."""
        self._on_ask.append(call)


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn SIGINT and SIGTERM into a request while the block runs. Main thread only."""
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
