"""Port: what turns the frames of a feed into trades."""

from typing import Protocol

from domain.feed import Frame
from domain.intake import IntakeResult


class FrameIntake(Protocol):
    """Validates, identifies and enriches trades: `domain.intake.Intake`, or a decorator that measures it. For use by one thread."""

    def accept(self, frame: Frame) -> IntakeResult:
        """Return the trades and the dead letters of one frame. Never raise, whatever the frame holds."""
        ...
