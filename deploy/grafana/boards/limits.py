"""Where a figure turns from green to orange to red: in one direction each, and red where the objective or the alert is."""

import attrs
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"


@attrs.frozen
class Limits:
    """Steps from the lowest figure up: from each value on, a colour; the first begins at minus infinity."""

    base: str = BLUE
    steps: tuple[tuple[float, str], ...] = ()

    def config(self) -> ThresholdsConfig:
        """Give them as Grafana reads them."""
        rest = [Threshold(value=value, color=color) for value, color in self.steps]
        return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(value=None, color=self.base), *rest])


NO_LIMITS = Limits()
"""A figure that is neither good nor bad: blue."""


def high_is_bad(warn: float, alarm: float) -> Limits:
    """Orange from `warn`, red from `alarm` up."""
    return Limits(GREEN, ((warn, ORANGE), (alarm, RED)))


def low_is_bad(alarm: float, warn: float) -> Limits:
    """Red below `alarm`, orange below `warn`."""
    return Limits(RED, ((alarm, ORANGE), (warn, GREEN)))


def none_is_good(alarm: float = 1e-9) -> Limits:
    """Green at 0, red at anything more."""
    return Limits(GREEN, ((alarm, RED),))


STATE = Limits(RED, ((1, GREEN),))
"""0 is red, 1 is green."""


def state_words() -> list[ValueMapping]:
    """Say 1 and 0 in words."""
    return [
        ValueMap(
            {
                "0": ValueMappingResult(text="DOWN", color=RED, index=0),
                "1": ValueMappingResult(text="OK", color=GREEN, index=1),
            }
        )
    ]
