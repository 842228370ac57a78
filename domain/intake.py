"""From a feed's frame to trades: validate, identify, enrich. An input that does not pass becomes a dead letter, so nothing is lost.

For every frame, `len(trades) + len(dead_letters) + redelivered` equals the number of trades in it (a frame that
cannot be decoded becomes one dead letter).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from .feed import Frame, TradeFields
from .identity import RedeliveryFilter, TradeNumbering, checksum, content_checksum, make_trade_id
from .market import VENUES, Market, classify
from .rejection import DeadLetter, Rejection
from .rules import Rules
from .trade import Trade, write_trade
from .validation import ValidatedTrade, fast_path_amount, validate_trade
from .window import EARLIEST_MS, LATEST_MS

_MOST_SYMBOLS: Final = 16_384
_MOST_CONDITIONS: Final = 1_024
"""How many valid symbols and lists of conditions are cached. A feed has few of both and repeats them."""


# Without slots, as `domain.feed.Frame`.
@attrs.frozen(kw_only=True, slots=False)
class IntakeResult:
    """The outcome of one frame."""

    trades: tuple[Trade, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    price_updates: int = 0
    """Trades of volume 0; `trades` includes them."""
    redelivered: int = 0
    """Trades of a frame that was delivered before; they are not in `trades`."""


class Intake:
    """Turns frames into trades and dead letters. Its state is the numbering of trades and the frames that came before."""

    def __init__(
        self,
        *,
        source: str,
        rules: Rules | None = None,
        venues: Mapping[str, str] = VENUES,
        numbering: TradeNumbering | None = None,
        redeliveries: RedeliveryFilter | None = None,
    ) -> None:
        self._source = source
        self._rules = rules or Rules()
        self._numbering = numbering or TradeNumbering()
        self._redeliveries = redeliveries or RedeliveryFilter()
        self._venues = venues
        self._markets: dict[str, tuple[str, Market]] = {}
        """The markets of valid symbols. Each entry holds the symbol, which trades share to save memory."""
        self._conditions: dict[tuple[str, ...], tuple[tuple[str, ...], str]] = {}
        """Valid lists of conditions, which trades share as well, each with its text for the checksum."""

    def accept(self, frame: Frame) -> IntakeResult:
        """Return the outcome of one frame. Never raises, whatever the frame holds."""
        if frame.rejection is not None:
            return IntakeResult(dead_letters=(self._letter(frame.payload, frame.rejection, frame.received_ms),))
        if self._redeliveries.is_redelivery(frame.payload):
            return IntakeResult(redelivered=len(frame.trades))
        trades: list[Trade] = []
        letters: list[DeadLetter] = []
        price_updates = 0
        received_ms = frame.received_ms
        accept_fast = self._accept_fast
        oldest_ms = max(received_ms - self._rules.max_age_ms, EARLIEST_MS)
        newest_ms = min(received_ms + self._rules.future_tolerance_ms, LATEST_MS)
        for place, raw in enumerate(frame.trades):
            outcome = accept_fast(raw, received_ms, oldest_ms, newest_ms) or self._validate(raw, received_ms)
            if type(outcome) is Trade:
                trades.append(outcome)
                if not outcome.volume:
                    price_updates += 1
            elif isinstance(outcome, Rejection):
                letters.append(self._letter(frame.payload_of(place), outcome, received_ms))
        return IntakeResult(trades=tuple(trades), dead_letters=tuple(letters), price_updates=price_updates)

    def _accept_fast(self, raw: TradeFields, received_ms: int, oldest_ms: int, newest_ms: int) -> Trade | None:
        """Return a trade on the fast path; None for any other, which `_validate` checks. Both make the same trade of the same fields."""
        symbol, price, volume, timestamp_ms = raw.symbol, raw.price, raw.volume, raw.timestamp_ms
        if type(price) is int:
            price = Decimal(price)
        if type(volume) is int:
            volume = Decimal(volume)
        if not (type(symbol) is str and type(price) is type(volume) is Decimal and type(timestamp_ms) is int):
            return None
        if not oldest_ms <= timestamp_ms <= newest_ms:
            return None
        known = self._markets.get(symbol)
        amount = fast_path_amount(price, volume)
        if known is None or amount is None:
            return None
        symbol, market = known
        conditions = raw.conditions
        codes: tuple[str, ...] = ()
        if type(conditions) is list or type(conditions) is tuple:
            codes = tuple(conditions)
        elif conditions is not None:
            return None
        try:
            valid = self._conditions.get(codes)
        except TypeError:  # it holds something that has no hash, and so no strings
            return None
        if valid is None:
            return None
        codes, written = valid
        ordinal = self._numbering.next_ordinal(symbol, timestamp_ms)
        trade_id = make_trade_id(ordinal, checksum(f"{amount}|{written}"))
        return write_trade(
            symbol, price, volume, timestamp_ms, trade_id, codes, received_ms, market.venue, market.asset_class
        )

    def _validate(self, raw: TradeFields, received_ms: int) -> Trade | Rejection:
        validated = validate_trade(
            raw.symbol,
            raw.price,
            raw.volume,
            raw.timestamp_ms,
            raw.conditions,
            now_ms=received_ms,
            rules=self._rules,
        )
        if isinstance(validated, Rejection):
            return validated
        ordinal = self._numbering.next_ordinal(validated.symbol, validated.timestamp_ms)
        market = self._remember(validated)
        return Trade(
            symbol=validated.symbol,
            price=validated.price,
            volume=validated.volume,
            timestamp_ms=validated.timestamp_ms,
            trade_id=make_trade_id(ordinal, content_checksum(validated.price, validated.volume, validated.conditions)),
            conditions=validated.conditions,
            received_ms=received_ms,
            venue=market.venue,
            asset_class=market.asset_class,
        )

    def _remember(self, validated: ValidatedTrade) -> Market:
        """Cache the symbol and the conditions as valid, and return the market."""
        if len(self._conditions) >= _MOST_CONDITIONS:
            self._conditions.clear()
        self._conditions[validated.conditions] = (validated.conditions, ",".join(validated.conditions))
        known = self._markets.get(validated.symbol)
        if known is None:
            if len(self._markets) >= _MOST_SYMBOLS:
                self._markets.clear()
            known = self._markets[validated.symbol] = (validated.symbol, classify(validated.symbol, self._venues))
        return known[1]

    def _letter(self, payload: bytes, rejection: Rejection, now_ms: int) -> DeadLetter:
        return DeadLetter(payload=payload, rejection=rejection, source=self._source, rejected_ms=now_ms)
