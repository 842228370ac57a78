"""From a feed's frame to trades: validate, identify, enrich. What does not pass comes out as dead letters, nothing goes missing.

For every frame, `len(trades) + len(dead_letters) + redelivered` equals the number of trades in it (a frame that was not understood
gives one dead letter).
"""

from collections.abc import Mapping
from functools import lru_cache

import attrs

from .feed import Frame, RawTrade
from .identity import RedeliveryFilter, TradeNumbering, content_checksum, make_trade_id
from .market import VENUES, classify
from .rejection import DeadLetter, Rejection
from .rules import Rules
from .trade import Trade
from .validation import parse_tick


@attrs.frozen(kw_only=True)
class IntakeResult:
    """What became of one frame."""

    trades: tuple[Trade, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    redelivered: int = 0
    """Trades left out because the whole frame had come before."""


class Intake:
    """The state that judging frames needs: how trades were numbered, and which frames came before."""

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
        self._classify = lru_cache(maxsize=16_384)(lambda symbol: classify(symbol, venues))

    def accept(self, frame: Frame) -> IntakeResult:
        """Judge one frame. Never raises, whatever the frame holds."""
        if frame.rejection is not None:
            return IntakeResult(dead_letters=(self._letter(frame.payload, frame.rejection, frame.received_ms),))
        if self._redeliveries.is_redelivery(frame.payload):
            return IntakeResult(redelivered=len(frame.trades))
        trades: list[Trade] = []
        letters: list[DeadLetter] = []
        for raw in frame.trades:
            outcome = self._judge(raw, frame.received_ms)
            if isinstance(outcome, Trade):
                trades.append(outcome)
            else:
                letters.append(self._letter(raw.payload, outcome, frame.received_ms))
        return IntakeResult(trades=tuple(trades), dead_letters=tuple(letters))

    def _judge(self, raw: RawTrade, received_ms: int) -> Trade | Rejection:
        tick = parse_tick(
            raw.symbol,
            raw.price,
            raw.volume,
            raw.timestamp_ms,
            raw.conditions,
            now_ms=received_ms,
            rules=self._rules,
        )
        if isinstance(tick, Rejection):
            return tick
        ordinal = self._numbering.next_ordinal(tick.symbol, tick.timestamp_ms)
        market = self._classify(tick.symbol)
        return Trade(
            symbol=tick.symbol,
            price=tick.price,
            volume=tick.volume,
            timestamp_ms=tick.timestamp_ms,
            trade_id=make_trade_id(ordinal, content_checksum(tick.price, tick.volume, tick.conditions)),
            conditions=tick.conditions,
            received_ms=received_ms,
            venue=market.venue,
            asset_class=market.asset_class,
        )

    def _letter(self, payload: bytes, rejection: Rejection, now_ms: int) -> DeadLetter:
        return DeadLetter(payload=payload, rejection=rejection, source=self._source, rejected_ms=now_ms)
