"""Port: the time of day."""

from typing import Protocol


class Clock(Protocol):
    """Returns the time. It may be set back or forward, so it measures no durations. Any thread may call it."""

    def __call__(self) -> int:
        """Return the time in milliseconds since the epoch, UTC."""
        ...
