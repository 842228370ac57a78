"""What a feed delivers, as values: frames of trades that are not validated yet, and events of its connection."""

import enum
from collections.abc import Collection, Sequence
from typing import Protocol

import attrs

from .rejection import Rejection


class TradeFields(Protocol):
    """The fields of one trade as the feed sent them, not validated: each is whatever came, or None when it is missing.

    A feed's decoder may deliver objects of its own, which cost nothing to convert. Any other feed uses `RawTrade`.
    """

    @property
    def symbol(self) -> object: ...  # noqa: D102 - the names are enough
    @property
    def price(self) -> object: ...  # noqa: D102
    @property
    def volume(self) -> object: ...  # noqa: D102
    @property
    def timestamp_ms(self) -> object: ...  # noqa: D102
    @property
    def conditions(self) -> object: ...  # noqa: D102


@attrs.frozen(kw_only=True)
class RawTrade:
    """The fields of one trade as a plain value; see `TradeFields`."""

    symbol: object
    price: object
    volume: object
    timestamp_ms: object
    conditions: object = None


# One is made for each message, and soon dropped. Frozen, it is made in half the time when its fields are in a dict.
@attrs.frozen(kw_only=True, slots=False)
class Frame:
    """One message of a feed that carries trades, or that could not be decoded (`rejection`)."""

    payload: bytes
    received_ms: int
    """When it was received, by this program's clock; for a recording, by the recording's own clock."""
    trades: Sequence[TradeFields] = ()
    payloads: Sequence[bytes] = attrs.field(default=(), eq=False)
    """The bytes of each trade within the frame, for dead letters. They are read only when a trade is rejected, so a feed may cut them out then."""
    rejection: Rejection | None = None
    drained: bool = False
    """Whether the reader found nothing at first and had to wait for this: everything that came before it began to read has been read."""

    def payload_of(self, place: int) -> bytes:
        """Return the bytes of the trade at this place of `trades`; the whole frame's when the feed does not provide them."""
        return self.payloads[place] if self.payloads else self.payload

    def narrowed_to(self, symbols: Collection[str]) -> "Frame | None":
        """Return the frame with the trades of these symbols alone, or None when none is left. Without symbols, return the whole frame.

        The payload stays. A trade without a valid symbol stays as well, and so does a frame that could not be decoded: they are rejected later,
        and not dropped here.
        """
        if not symbols or self.rejection is not None:
            return self
        kept = [
            n for n, trade in enumerate(self.trades) if not isinstance(trade.symbol, str) or trade.symbol in symbols
        ]
        if len(kept) == len(self.trades):
            return self
        if not kept:
            return None
        return attrs.evolve(self, trades=[self.trades[n] for n in kept], payloads=[self.payload_of(n) for n in kept])


class FeedEventKind(enum.StrEnum):
    """What happened to a connection."""

    CONNECTED = "connected"
    SUBSCRIBED = "subscribed"
    """The symbols were requested, or changed; the event holds all of them."""
    HEARTBEAT = "heartbeat"
    PROVIDER_ERROR = "provider_error"
    """The provider reported an error, such as `Invalid symbol`; the connection stays open."""
    OTHER_MESSAGE = "other_message"
    """A message of another type than trades."""
    SILENT = "silent"
    """No frame, not even a heartbeat, came for so long that the connection was closed."""
    RATE_LIMITED = "rate_limited"
    DISCONNECTED = "disconnected"


@attrs.frozen(kw_only=True)
class FeedEvent:
    """An event of a feed's connection."""

    kind: FeedEventKind
    at_ms: int
    detail: str = ""
    symbols: tuple[str, ...] = ()
    """All symbols to receive, when the event comes from this side."""
    drained: bool = False
    """As of a frame; False when the event comes from this side."""


FeedMessage = Frame | FeedEvent
