"""The queue of one subscriber. A newer candle replaces a waiting one of the same window, so a slow subscriber gets the latest state only.

If more candles wait than the capacity allows, the queue drops all of them and asks for a reset: the subscriber then gets a snapshot.
"""

import asyncio
from collections.abc import Iterable
from typing import Self

import attrs

from domain.candle import Candle

from .latest_candles import WindowKey


@attrs.frozen(kw_only=True)
class Update:
    """Everything that waits for a subscriber."""

    candles: list[Candle]
    reset: bool = False
    """Whether the subscriber needs a snapshot instead of the candles."""


class CoalescingQueue:
    """Holds up to `capacity` candles, one per window. For use in one event loop."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._candles: dict[WindowKey, Candle] = {}
        self._reset = False
        self._has_update = asyncio.Event()

    def put(self, candles: Iterable[Candle], *, reset: bool = False) -> None:
        """Add candles and wake the subscriber. Without candles the update carries the health alone. Never blocks."""
        self._reset |= reset
        for candle in candles:
            self._candles[candle.window_key] = candle
        if len(self._candles) > self._capacity:
            self._candles.clear()
            self._reset = True
        self._has_update.set()

    async def take(self) -> Update:
        """Wait for an update, and remove and return it."""
        await self._has_update.wait()
        self._has_update.clear()
        update = Update(candles=list(self._candles.values()), reset=self._reset)
        self._candles.clear()
        self._reset = False
        return update

    def __len__(self) -> int:
        return len(self._candles)

    @classmethod
    def for_symbols(cls, symbols: int) -> Self:
        """Return a queue with room for a few windows of each of this many symbols."""
        return cls(max(256, 4 * symbols))
