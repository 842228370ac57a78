"""Port: whether an outside system can be used right now."""

from typing import Protocol


class Probe(Protocol):
    """Sends a request over the system's own protocol. A frozen system accepts connections and answers nothing, so it fails the probe.

    For use by one thread.
    """

    def start(self) -> None:
        """Get ready to ask; an unavailable system is not an error here. Starting twice is fine."""
        ...

    def ask(self, timeout_s: float) -> None:
        """Return when the system has answered. Raise PortError when it did not, or not within about this time."""
        ...

    def close(self) -> None:
        """Release everything. Closing twice is fine."""
        ...
