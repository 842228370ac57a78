"""Settings of the live feed. Times in seconds."""

from typing import Final
from urllib.parse import urlsplit

import attrs

FINNHUB_URL: Final = "wss://ws.finnhub.io"


def _positive(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(f"{attribute.name}: above 0")


def _is_websocket_url(_: object, __: object, value: str) -> None:
    # The value stays out of the message: people paste URLs with a token in them.
    parts = urlsplit(value)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ValueError("url: a WebSocket's address such as wss://ws.finnhub.io")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("url: without a query or credentials; the token is a setting of its own")


@attrs.frozen(kw_only=True)
class FinnhubSettings:
    """How to reach Finnhub, and how patient to be."""

    url: str = attrs.field(default=FINNHUB_URL, validator=_is_websocket_url)
    token: str = attrs.field(default="", repr=False)
    """The API key. Never shown."""
    connect_timeout_s: float = attrs.field(default=5.0, validator=_positive)
    """For name, TCP, TLS and handshake together: usually under a second, and enough for two lost SYN packets (repeated after 1 s and 3 s).
    Handshakes that hang are known to do so for over a minute; trying again is faster."""
    backoff_base_s: float = attrs.field(default=1.0, validator=_positive)
    backoff_cap_s: float = attrs.field(default=30.0, validator=_positive)
    rate_limited_base_s: float = attrs.field(default=30.0, validator=_positive)
    """The first wait after HTTP 429."""
    rate_limited_cap_s: float = attrs.field(default=300.0, validator=_positive)
    stable_after_s: float = attrs.field(default=10.0, validator=attrs.validators.ge(0))
    """A connection that lasted this long lets the backoff begin anew."""
    silence_timeout_s: float = attrs.field(default=90.0, validator=_positive)
    """Without any message for so long the connection is given up. Finnhub pings every 60 s."""
    max_message_bytes: int = attrs.field(default=16 * 2**20, validator=attrs.validators.gt(0))
    """A longer message ends the connection."""

    @property
    def is_real(self) -> bool:
        """Whether this is Finnhub itself, which wants a real token."""
        return (urlsplit(self.url).hostname or "").endswith("finnhub.io")
