"""What a test of a fault tells at its end: a row of the table that the run prints."""

from typing import Protocol


class Tell(Protocol):
    """The fixture `tell`: write down the row of a fault that was survived. Called last, after the laws; several times for several rows."""

    def __call__(self, fault: str, held: str, figures: str) -> None:
        """Tell what was broken, what held all the same, and the figures that were seen."""
