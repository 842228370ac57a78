"""What goes wrong on purpose. Everything is off by default, except what the real server always does: pings, the cap, one connection per key.

Rates are probabilities from 0 to 1; `mean_s_...` are means of random intervals in seconds, 0 for never.
"""

import math

import attrs


def _share(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{attribute.name}: from 0 to 1")


def _seconds(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{attribute.name}: 0 or more seconds")


def _rate() -> float:
    return attrs.field(default=0.0, validator=_share)


def _never() -> float:
    return attrs.field(default=0.0, validator=_seconds)


@attrs.frozen(kw_only=True)
class Quirks:
    """Which of the real server's quirks to show, and how often."""

    ping_interval_s: float = attrs.field(default=60.0, validator=_seconds)
    """0 for no pings."""
    symbol_cap: int = attrs.field(default=50, validator=attrs.validators.ge(0))
    """Symbols per key; one more is answered with an error. 0 for no cap."""
    one_connection_per_key: bool = True
    """A second connection with the same key closes both."""

    redelivery_rate: float = _rate()
    """Trade frames that are delivered twice, a third of them three times."""
    backwards_rate: float = _rate()
    """Trades stamped up to a second before the one before them."""
    twin_rate: float = _rate()
    """Trades followed by a byte-identical one in the same frame; both are genuine."""
    odd_conditions_rate: float = _rate()
    """Trades whose `c` is missing, null or [], whatever the market."""
    invalid_rate: float = _rate()
    """Trades that break a rule: negative price, far future, wrong types ..."""
    garbage_rate: float = _rate()
    """Frames preceded by one that cannot be decoded: not JSON, not UTF-8, cut, huge ..."""
    other_type_rate: float = _rate()
    """Frames preceded by a message of another type, such as news."""

    mean_s_between_drops: float = _never()
    """The connection is reset, closed or ended."""
    mean_s_between_silences: float = _never()
    silence_s: float = attrs.field(default=120.0, validator=_seconds)
    """How long the connection then stays open and sends nothing, not even pings."""

    handshake_delay_s: float = _never()
    hanging_handshake_rate: float = _rate()
    """Handshakes that are never answered."""
    refused_handshake_rate: float = _rate()
    """Handshakes answered with HTTP 429."""
    min_s_between_handshakes: float = _never()
    """A key that reconnects faster is answered with HTTP 429."""
