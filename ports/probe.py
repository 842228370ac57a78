"""Port: whether an outside system can be used right now."""

from typing import Protocol


class Probe(Protocol):
    """Asks a system over its own protocol. A system that takes connections and answers nothing, as a frozen one does, does not answer.

    For use by one thread.
    """

    def start(self) -> None:
        """Get ready to ask; a system that is away is no error here. Starting twice is fine."""
        ...

    def ask(self, timeout_s: float) -> None:
        """Return when the system has answered. Raises PortError when it did not, or not within about this time."""
        ...

    def close(self) -> None:
        """Let go of everything; closing twice is fine."""
        ...
