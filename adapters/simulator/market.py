"""A made-up market: one seeded random walk a symbol, prices on a grid of few decimals, as the JSON text of trades.

- stocks: cents with the odd sub-penny, whole shares, lists of conditions;
- crypto: 2 to 8 decimals by the size of the price, fractions of a coin, `c` null;
- forex and other quotes: 5 decimals, `v` 0, `c` null.

The walk of a symbol depends on the seed and the symbol alone. Numbers are written from whole ticks, never from floats.
"""

import random
import re
from typing import Final

from domain.market import AssetClass, classify

_LIKE_A_MARKET: Final = re.compile(
    r"[A-Z0-9][A-Z0-9.\-]{0,14}|[A-Z][A-Z0-9 .]{0,31}:[A-Za-z0-9][A-Za-z0-9 ._/\-]{0,40}"
)
_CONDITIONS: Final = ('["1"]', '["1","12"]', '["1","8"]', '["1","8","12"]', '["1","24"]', "[]")
_MAGNITUDES: Final = {"BTCUSD": 4, "ETHUSD": 3, "XRPETH": -3}
"""Powers of ten of well-known prices."""
_FLOOR_TICKS: Final = 100


def looks_like_a_symbol(symbol: str) -> bool:
    """Return whether a market could have this symbol: `AAPL`, `BINANCE:BTCUSDT`, `IC MARKETS:1`."""
    return _LIKE_A_MARKET.fullmatch(symbol) is not None


def number(units: int, decimals: int) -> str:
    """Return `units` x 10^-`decimals` as the shortest JSON number: 164.06 and not 164.0600."""
    if not decimals:
        return str(units)
    whole, part = divmod(units, 10**decimals)
    return f"{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".")


class Walk:
    """The price of one symbol."""

    def __init__(self, symbol: str, seed: int) -> None:
        self._rng = random.Random(f"{seed}/{symbol}")  # noqa: S311 - reproducible, not secret
        self._random = self._rng.random
        self._asset_class = classify(symbol).asset_class
        self._symbol = '"' + symbol.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if self._asset_class == AssetClass.STOCK:
            self._decimals = 4
            self._ticks = self._rng.randrange(100_000, 5_000_000)
        elif self._asset_class == AssetClass.CRYPTO:
            magnitude = next((m for name, m in _MAGNITUDES.items() if name in symbol), self._rng.choice((-1, 0, 1, 2)))
            self._decimals = 2 if magnitude >= 2 else 4 if magnitude >= 0 else 8
            self._ticks = int(self._rng.uniform(1, 10) * 10 ** (magnitude + self._decimals))
        else:
            self._decimals = 5
            self._ticks = self._rng.randrange(50_000, 200_000)
        # About two hundredths of a percent a step, either way.
        self._step = max(3.0, self._ticks * 0.0004)

    def trade(self, timestamp_ms: int) -> str:
        """Return the next trade as JSON."""
        move = int((self._random() - 0.5) * self._step)
        self._ticks = max(self._ticks + move, _FLOOR_TICKS)
        if self._asset_class == AssetClass.STOCK:
            draw = self._random()
            # Cents mostly; off-exchange prints have up to 4 decimals.
            ticks = self._ticks if draw < 0.1 else max(self._ticks // 100 * 100, 100)
            volume = str(1 + int(draw * draw * 300))
            conditions = _CONDITIONS[int(self._random() * len(_CONDITIONS))]
        elif self._asset_class == AssetClass.CRYPTO:
            ticks = self._ticks
            draw = self._random()
            volume = number(1 + int(draw * draw * draw * 300_000), 5)
            conditions = "null"
        else:
            ticks, volume, conditions = self._ticks, "0", "null"
        price = number(ticks, self._decimals)
        return f'{{"c":{conditions},"p":{price},"s":{self._symbol},"t":{timestamp_ms},"v":{volume}}}'


class Market:
    """All walks of a seed, each made at its first use."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._walks: dict[str, Walk] = {}

    def walk(self, symbol: str) -> Walk:
        """Return the walk of a symbol."""
        walk = self._walks.get(symbol)
        if walk is None:
            walk = self._walks[symbol] = Walk(symbol, self._seed)
        return walk
