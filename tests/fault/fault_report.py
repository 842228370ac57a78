"""The report of a fault test: a row of the table that the run prints at its end."""

from typing import Protocol


class Tell(Protocol):
    """The fixture `tell`: write down the row of a fault that was survived. Called last, after the laws; several times for several rows."""

    def __call__(self, fault: str, held: str, figures: str) -> None:
        """Report what was broken, what held nevertheless, and the measured figures."""
