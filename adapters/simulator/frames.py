"""Frames of made-up trades, quirks included.

No two frames are equal unless a redelivery is requested: consumers recognise a redelivery by its bytes, as no two genuine frames were ever equal.
"""

import random
from collections.abc import Sequence
from itertools import count
from typing import Final

import attrs

from .market import Market
from .oddities import OTHER_TYPES, garbage, invalid_trade
from .quirks import Quirks

_REMEMBERED: Final = 8_192
_BACKWARDS_MS: Final = 1_000
_ODD_CONDITIONS: Final = ('"c":null,', '"c":[],', "")


@attrs.frozen
class Outgoing:
    """A message to send, and how many times."""

    payload: bytes
    kind: str
    """`trade`, `garbage` or `other`."""
    copies: int = 1


class FrameMaker:
    """Makes the frames of a whole server, no two of them equal."""

    def __init__(self, market: Market, quirks: Quirks, seed: int) -> None:
        self._market = market
        self._quirks = quirks
        self._rng = random.Random(f"{seed}/frames")  # noqa: S311 - reproducible, not secret
        self._plain = not (
            quirks.backwards_rate or quirks.twin_rate or quirks.odd_conditions_rate or quirks.invalid_rate
        )
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()

    def make(self, symbols: Sequence[str], trades: int, from_ms: float, to_ms: float) -> list[Outgoing]:
        """Return a frame of this many trades, stamped between the two times (ms since the epoch), after the messages that precede it."""
        quirks, rng = self._quirks, self._rng
        out: list[Outgoing] = []
        if quirks.garbage_rate and rng.random() < quirks.garbage_rate:
            out.append(Outgoing(garbage(rng), "garbage"))
        if quirks.other_type_rate and rng.random() < quirks.other_type_rate:
            out.append(Outgoing(rng.choice(OTHER_TYPES), "other"))
        payload = self._new_frame(symbols, trades, from_ms, to_ms)
        copies = 1
        if quirks.redelivery_rate and rng.random() < quirks.redelivery_rate:
            copies = 3 if rng.random() < 1 / 3 else 2
        out.append(Outgoing(payload, "trade", copies))
        return out

    def _new_frame(self, symbols: Sequence[str], trades: int, from_ms: float, to_ms: float) -> bytes:
        for attempt in count():
            # Prices move on, so another attempt makes another frame; where little can vary, the clock helps.
            payload = self._frame(symbols, trades, from_ms, to_ms + attempt // 32)
            if payload not in self._new and payload not in self._old:
                self._remember(payload)
                return payload
        raise AssertionError("unreachable")

    def _frame(self, symbols: Sequence[str], trades: int, from_ms: float, to_ms: float) -> bytes:
        step_ms = (to_ms - from_ms) / trades
        make = self._plain_trade if self._plain else self._quirky_trades
        texts = [make(self._pick(symbols), int(from_ms + step_ms * (i + 1))) for i in range(trades)]
        return ('{"data":[' + ",".join(texts) + '],"type":"trade"}').encode()

    def _pick(self, symbols: Sequence[str]) -> str:
        return symbols[int(self._rng.random() * len(symbols))]

    def _plain_trade(self, symbol: str, timestamp_ms: int) -> str:
        return self._market.walk(symbol).trade(timestamp_ms)

    def _quirky_trades(self, symbol: str, timestamp_ms: int) -> str:
        quirks, random_ = self._quirks, self._rng.random
        if random_() < quirks.invalid_rate:
            return invalid_trade(self._rng, symbol, timestamp_ms)
        if random_() < quirks.backwards_rate:
            timestamp_ms -= 1 + int(random_() * _BACKWARDS_MS)
        text = self._market.walk(symbol).trade(timestamp_ms)
        if random_() < quirks.odd_conditions_rate:
            text = "{" + self._rng.choice(_ODD_CONDITIONS) + text[text.index('"p":') :]
        return f"{text},{text}" if random_() < quirks.twin_rate else text

    def _remember(self, payload: bytes) -> None:
        # Two generations: the newest few thousand are always known, and no entry has to be aged one by one.
        self._new.add(payload)
        if len(self._new) >= _REMEMBERED:
            self._old, self._new = self._new, set()
