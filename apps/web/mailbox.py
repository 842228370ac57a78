"""What waits for one watcher: the newest state of each candle that changed since the watcher last looked, and no more than that.

A watcher that is too slow for even that many candles is told to begin anew, from everything.
"""

import asyncio
from collections.abc import Iterable
from typing import Self

import attrs

from domain.candle import Candle

from .board import WindowKey


@attrs.frozen(kw_only=True)
class Mail:
    """What a watcher gets at once."""

    candles: list[Candle]
    reset: bool = False


class Mailbox:
    """Coalesces candles by slot, bounded by `capacity`. For use in one event loop."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._candles: dict[WindowKey, Candle] = {}
        self._begin_anew = False
        self._news = asyncio.Event()

    def put(self, candles: Iterable[Candle], *, reset: bool = False) -> None:
        """Take candles and wake the watcher, even where there are none: the health has changed. Never waits."""
        self._begin_anew |= reset
        for candle in candles:
            self._candles[candle.window_key] = candle
        if len(self._candles) > self._capacity:
            self._candles.clear()
            self._begin_anew = True
        self._news.set()

    async def take(self) -> Mail:
        """Wait for news, and give it."""
        await self._news.wait()
        self._news.clear()
        mail = Mail(candles=list(self._candles.values()), reset=self._begin_anew)
        self._candles.clear()
        self._begin_anew = False
        return mail

    def __len__(self) -> int:
        return len(self._candles)

    @classmethod
    def of_size(cls, symbols: int) -> Self:
        """Make one that holds a few windows of each of so many symbols."""
        return cls(max(256, 4 * symbols))
