"""Trades and candles for the tests of stores: each test has symbols of its own, so that tests may share a store."""

import itertools
import uuid
from decimal import Decimal

import attrs
from hypothesis import HealthCheck, settings

from domain.candle import Candle, fold
from domain.decimals import SCALE
from domain.trade import Trade, TradeKey
from domain.window import MINUTE_MS

DAY_MS = 86_400_000
MIDNIGHT_MS = 1_570_752_000_000
"""2019-10-11T00:00:00Z."""
NOON_MS = MIDNIGHT_MS + DAY_MS // 2
LEAST = Decimal(1).scaleb(-SCALE)

# Each example takes a round trip or two on a real server. Suites are inherited on purpose: one contract, several stores.
round_trips = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors])

_counter = itertools.count()
_run = uuid.uuid4().hex[:8]


def fresh_symbol(name: str = "X") -> str:
    """A symbol that no other test has."""
    return f"{_run}-{next(_counter)}:{name}"


def make_trade(symbol: str, timestamp_ms: int = NOON_MS, trade_id: str = "0000-00000000", **fields: object) -> Trade:
    """A usual trade, except for the given fields."""
    usual: dict[str, object] = {
        "price": Decimal("0.00141342"),
        "volume": Decimal("1482.00000000"),
        "conditions": ("1", "12"),
        "received_ms": timestamp_ms + 21,
        "venue": "BINANCE",
        "asset_class": "crypto",
    }
    return Trade(symbol=symbol, timestamp_ms=timestamp_ms, trade_id=trade_id, **{**usual, **fields})  # type: ignore[arg-type]


def make_candle(symbol: str, window_start_ms: int = NOON_MS, window_ms: int = MINUTE_MS, **fields: object) -> Candle:
    """A usual candle of two trades, except for the given fields."""
    trades = [
        make_trade(symbol, window_start_ms, price=Decimal("1.5"), volume=Decimal(2)),
        make_trade(
            symbol, window_start_ms + window_ms - 1, "0001-00000000", price=Decimal("1.25"), volume=Decimal("0.5")
        ),
    ]
    [candle] = fold(trades, window_ms).values()
    return attrs.evolve(candle, **fields)  # type: ignore[arg-type]


def key(timestamp_ms: int, trade_id: str, price: Decimal) -> TradeKey:
    """The key of an open or a close."""
    return TradeKey(timestamp_ms, trade_id, price)
