"""The clock of this machine: the default of every adapter and service that takes a `ports.clock.Clock`."""

import time


def system_clock() -> int:
    """Return the time in milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000
