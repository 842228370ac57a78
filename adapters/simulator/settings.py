"""Settings of the simulated server."""

import math
from collections.abc import Iterable
from pathlib import Path

import attrs

from .quirks import Quirks


def _not_negative(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{attribute.name}: 0 or more")


def _above_zero(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{attribute.name}: above 0")


def _names(symbols: Iterable[str]) -> frozenset[str]:
    return frozenset(symbols)


@attrs.frozen(kw_only=True)
class SimulatorSettings:
    """Where the server listens, what it sends, and what goes wrong."""

    host: str = "127.0.0.1"
    port: int = attrs.field(default=0, validator=[attrs.validators.ge(0), attrs.validators.le(65_535)])
    """0 for any free one."""
    seed: int = 1
    """The same seed makes the same prices; the times come from the clock."""
    symbols: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    """The only symbols there are; empty for a market that has every symbol."""
    keys: frozenset[str] = attrs.field(default=frozenset(), converter=_names, repr=False)
    """The only API keys that are accepted, any other is refused with HTTP 401; empty to accept every key."""
    rate: float = attrs.field(default=100.0, validator=_not_negative)
    """Trades/s on each connection, over all its symbols. 0 for as many as the client reads."""
    trades_per_frame: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    burst_factor: float = attrs.field(default=1.0, validator=_above_zero)
    """During a burst the rate is this many times higher."""
    burst_every_s: float = attrs.field(default=0.0, validator=_not_negative)
    """From the start of one burst to the next; 0 for none."""
    burst_s: float = attrs.field(default=1.0, validator=_not_negative)
    recording: Path | None = None
    """Send these frames (.jsonl or .jsonl.gz, one a line) instead of made-up ones: to each connection all of them, once it has subscribed and added
    no symbol for `settle_s`."""
    settle_s: float = attrs.field(default=0.1, validator=_not_negative)
    """Clients subscribe symbol by symbol: a recording waits for the last one."""
    speed: float | None = attrs.field(default=1.0)
    """How many times faster than recorded; None for as fast as the client reads."""
    retime: bool = False
    """Shift the times of a recording so that it begins now: the rules of a live feed reject old trades."""
    ledger_path: Path | None = None
    """Where to write the messages sent, one JSON object a line."""
    ledger_limit: int = attrs.field(default=100_000, validator=attrs.validators.ge(0))
    """How many of the newest frames the ledger holds in memory."""
    quirks: Quirks = attrs.field(factory=Quirks)

    @speed.validator
    def _check_speed(self, _: object, value: float | None) -> None:
        if value is not None and not 0 < value < math.inf:
            raise ValueError("speed: above 0")
