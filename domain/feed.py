"""What a feed says, as values: frames of trades not yet judged, and events in the life of its connection."""

import enum
from collections.abc import Callable, Collection, Sequence
from typing import Protocol, overload

import attrs

from .rejection import Rejection


class Fields(Protocol):
    """The fields of one trade as the feed sent it: each is whatever came, or None where nothing did."""

    @property
    def symbol(self) -> object: ...  # noqa: D102 - the names say it
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
    """One trade of a frame: its fields and its bytes."""

    symbol: object
    price: object
    volume: object
    timestamp_ms: object
    conditions: object
    payload: bytes
    """The bytes of this trade within its frame, for the dead letter in case."""


class DecodedTrades(Sequence[RawTrade]):
    """The trades of a frame of which the fields are decoded, and the bytes are cut out only when somebody asks for them: that is seldom."""

    def __init__(self, fields: Sequence[Fields], cut: Callable[[], Sequence[RawTrade]]) -> None:
        self.fields = fields
        self._cut = cut
        self._whole: Sequence[RawTrade] | None = None

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment] # as a list has none

    def __len__(self) -> int:
        return len(self.fields)

    @overload
    def __getitem__(self, index: int) -> RawTrade: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RawTrade]: ...
    def __getitem__(self, index: int | slice) -> RawTrade | Sequence[RawTrade]:
        if self._whole is None:
            self._whole = self._cut()
        return self._whole[index]


# One is made for each message and soon forgotten; frozen, it is made in half the time where its fields are in a dict.
@attrs.frozen(kw_only=True, slots=False)
class Frame:
    """One message of a feed that carries trades, or that could not be understood (`rejection`)."""

    payload: bytes
    received_ms: int
    """The pipeline's clock when it came; for a recording, the recording's own clock."""
    trades: Sequence[RawTrade] = ()
    rejection: Rejection | None = None
    drained: bool = False
    """Whether the reader found nothing there at first and had to wait for this: all that came before it began to read has been read."""

    @property
    def fields(self) -> Sequence[Fields]:
        """The fields of its trades: quicker to go through than `trades`."""
        return self.trades.fields if isinstance(self.trades, DecodedTrades) else self.trades

    def narrowed_to(self, symbols: Collection[str]) -> "Frame | None":
        """Keep the trades of these symbols, all if there are none, or give None when no trade is left; the payload stays.

        A trade without a proper symbol stays as well, and so does a frame that was not understood: those are to be rejected, not overlooked.
        """
        if not symbols or self.rejection is not None:
            return self
        kept = [t for t in self.trades if not isinstance(t.symbol, str) or t.symbol in symbols]
        if len(kept) == len(self.trades):
            return self
        return attrs.evolve(self, trades=kept) if kept else None


class FeedEventKind(enum.StrEnum):
    """What happened to a connection."""

    CONNECTED = "connected"
    SUBSCRIBED = "subscribed"
    """The symbols were asked for, or other ones than before; it tells all of them."""
    HEARTBEAT = "heartbeat"
    PROVIDER_ERROR = "provider_error"
    """The provider said so, such as `Invalid symbol`; the connection lives on."""
    OTHER_MESSAGE = "other_message"
    """A type of message that is not about trades."""
    SILENT = "silent"
    """No frame, not even a heartbeat, for so long that the connection is given up."""
    RATE_LIMITED = "rate_limited"
    DISCONNECTED = "disconnected"


@attrs.frozen(kw_only=True)
class FeedEvent:
    """An event in the life of a feed's connection."""

    kind: FeedEventKind
    at_ms: int
    detail: str = ""
    symbols: tuple[str, ...] = ()
    """The symbols to receive, all of them, where it is told by this side."""
    drained: bool = False
    """As of a frame; False where it is told by this side."""


FeedMessage = Frame | FeedEvent
