"""Trades of this minute, which no rule on their age rejects."""

import time

from domain.record import encode
from domain.trade import Trade
from tests.contract.stores import make_trade
from tests.support.records import Entry

SYMBOLS = 7


def recent_trades(count: int, first: int = 0) -> list[Trade]:
    """Make trades, numbered from `first`."""
    now_ms = round(time.time() * 1000)
    return [
        make_trade(f"BINANCE:S{number % SYMBOLS}", now_ms, f"{number:04d}-00000000")
        for number in range(first, first + count)
    ]


def entries(trades: list[Trade]) -> list[Entry]:
    """Return the records of trades."""
    return [Entry(value=encode(trade), appended_ms=trade.received_ms) for trade in trades]
