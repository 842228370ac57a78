"""Settings of the live feed. Times are in seconds.

The API key is part of the address that is asked for, so it travels in clear over `ws://`. That is accepted on this machine alone, where the
simulated server listens; every other host needs `wss://`.
"""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import attrs

FINNHUB_URL: Final = "wss://ws.finnhub.io"
_FINNHUB_DOMAIN: Final = "finnhub.io"


def _positive(_: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(f"{attribute.name}: above 0")


def _is_websocket_url(_: object, __: object, value: str) -> None:
    # The value stays out of the message: people paste URLs with a token in them.
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ValueError("url: a WebSocket's address such as wss://ws.finnhub.io")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("url: without a query or credentials; the token is a setting of its own")
    if parts.scheme == "ws" and not _is_loopback(parts.hostname):
        raise ValueError(
            "url: wss:// is required, as ws:// would send the token in clear; ws:// is for this machine only"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@attrs.frozen(kw_only=True)
class FinnhubSettings:
    """Where Finnhub is, and how long to wait for it."""

    url: str = attrs.field(default=FINNHUB_URL, validator=_is_websocket_url)
    token: str = attrs.field(default="", repr=False)
    """The API key. Never shown."""
    connect_timeout_s: float = attrs.field(default=5.0, validator=_positive)
    """Limit for name lookup, TCP, TLS and handshake together. They usually take under a second; two lost SYN packets (repeated after 1 s and
    3 s) still fit. A handshake that hangs often does so for over a minute, so a new attempt is faster."""
    backoff_base_s: float = attrs.field(default=1.0, validator=_positive)
    backoff_cap_s: float = attrs.field(default=30.0, validator=_positive)
    rate_limited_base_s: float = attrs.field(default=30.0, validator=_positive)
    """The first wait after HTTP 429."""
    rate_limited_cap_s: float = attrs.field(default=300.0, validator=_positive)
    stable_after_s: float = attrs.field(default=10.0, validator=attrs.validators.ge(0))
    """A connection that lasted this long resets the backoff."""
    silence_timeout_s: float = attrs.field(default=90.0, validator=_positive)
    """A connection without any message for this long is closed and made again. Finnhub pings every 60 s."""
    max_message_bytes: int = attrs.field(default=16 * 2**20, validator=attrs.validators.gt(0))
    """A longer message ends the connection."""

    @property
    def is_real(self) -> bool:
        """Whether this is Finnhub itself, which requires a real token. Host names are compared whole, label by label."""
        host = (urlsplit(self.url).hostname or "").removesuffix(".")
        return host == _FINNHUB_DOMAIN or host.endswith(f".{_FINNHUB_DOMAIN}")
