"""Twin of `domain.day_summary`: the sums of symbols' days from rows of trades and candles. One row a symbol leaves Spark, and the domain judges it.

Each window is in the join of two sides: `ours`, the candle of the stored trades, and `theirs`, the stored candle. The candle of the day is merged from the
candles of its minutes, as `domain.rollup` does.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from domain.eligibility import TABLES
from domain.market import AssetClass
from domain.official_prices import CLOSING_AUCTION, OFFICIAL_CLOSE, OFFICIAL_OPEN, OPENING_AUCTION
from domain.window import MINUTE_MS

from .candles import candles
from .decimals import PRICE
from .differences import VALUES
from .eligibility import ELIGIBILITY, HAS_UNKNOWN_CODE, has

BOUNDS: Final = "array<struct<symbol:string,hours_start_ms:bigint,hours_end_ms:bigint,gaps:array<struct<start_ms:bigint,end_ms:bigint>>>>"
"""The days as an array: the expected hours, and the spans of the day that no producer covered; null where nothing is on record."""
OFFICIAL: Final = {
    "official_open": OFFICIAL_OPEN,
    "official_close": OFFICIAL_CLOSE,
    "opening_auction": OPENING_AUCTION,
    "closing_auction": CLOSING_AUCTION,
}
"""The codes of each kind of official print, by the field of `domain.official_prices.OfficialPrices`."""
_UNKNOWN: Final = "unknown_conditions"
# The vwaps follow from the other columns.
_COMPARED: Final = tuple(name for name in VALUES if not name.endswith("vwap"))
_ELIGIBLE: Final = tuple(name for name in _COMPARED if name.startswith("eligible_"))
_RAW: Final = tuple(name for name in _COMPARED if name not in _ELIGIBLE)
# A row from before there was an eligible view has none of its columns.
_ZERO_IF_NULL: Final = frozenset({"eligible_volume", "eligible_count", "eligible_vwap_volume", "eligible_notional"})


def fold_minutes(trades: DataFrame) -> DataFrame:
    """Fold rows of `trades_v2`, with their eligibility, into 1-minute candles with the sums that a candle does not have."""
    is_official = (F.col("asset_class") == AssetClass.STOCK.value) & F.col("venue").isin(*TABLES)
    key = F.struct("timestamp", "trade_id", F.col("price").cast(PRICE).alias("price"))
    beside = {_UNKNOWN: F.count(F.when(has(F.col(ELIGIBILITY), HAS_UNKNOWN_CODE), 1))}
    for name, codes in OFFICIAL.items():
        wanted = F.arrays_overlap("conditions", F.array(*map(F.lit, sorted(codes))))
        beside[name] = F.max(F.when(is_official & wanted, key))
    return candles(trades, MINUTE_MS, beside)


def day_sums(minutes: DataFrame, stored: DataFrame, days: DataFrame) -> DataFrame:
    """Return one row for each symbol with a trade or a stored candle.

    `minutes` is of `fold_minutes`, `stored` has the 1-minute rows of `trade_aggregates`; both within the days. `days` has the columns of BOUNDS, and it is
    small: it goes to every task. Times in the result are in ms since the epoch, UTC.
    """
    ours = _windows(minutes)
    theirs = stored.select("symbol", "window_start", _candle("theirs", _COMPARED))
    windows = ours.join(theirs, ["symbol", "window_start"], "full_outer").join(F.broadcast(days), "symbol")
    start_ms = F.unix_millis("window_start")
    is_ours, is_theirs = F.col("ours").isNotNull(), F.col("theirs").isNotNull()
    raw_differs = ~(is_ours & is_theirs) | _differs(_RAW)
    overlaps = F.exists("gaps", lambda gap: (gap.start_ms < start_ms + MINUTE_MS) & (gap.end_ms > start_ms))
    return windows.groupBy("symbol").agg(
        _total("ours.trade_count").alias("trades"),
        _total("ours.update_count").alias("updates"),
        _total(_UNKNOWN).alias(_UNKNOWN),
        F.count(F.when(is_theirs, 1)).alias("candles"),
        F.count(F.when(raw_differs, 1)).alias("raw_differ"),
        F.count(F.when(~raw_differs & _differs(_ELIGIBLE), 1)).alias("eligible_differ"),
        F.sum(F.greatest(F.lit(0), _events("ours") - _events("theirs"))).alias("late"),
        F.count(F.when(is_theirs & overlaps, 1)).alias("partial"),
        *_day_columns(),
    )


def day_candles(minutes: DataFrame, days: DataFrame) -> DataFrame:
    """Return the candle of the expected hours of each symbol and its official prints, beside the columns of `days`; arguments as of `day_sums`."""
    windows = _windows(minutes).join(F.broadcast(days), "symbol")
    return windows.groupBy("symbol", "hours_start_ms", "hours_end_ms").agg(*_day_columns())


def _windows(minutes: DataFrame) -> DataFrame:
    return minutes.select("symbol", "window_start", _candle("ours", VALUES), _UNKNOWN, *OFFICIAL)


def _day_columns() -> Sequence[Column]:
    start_ms = F.unix_millis("window_start")
    inside = F.col("ours").isNotNull() & (start_ms >= F.col("hours_start_ms")) & (start_ms < F.col("hours_end_ms"))
    prints = [_key(F.max(name)).alias(name) for name in OFFICIAL]
    return *prints, F.when(F.count(F.when(inside, 1)) > 0, _merged(inside)).alias("candle")


def _candle(side: str, names: Iterable[str]) -> Column:
    def value(name: str) -> Column:
        exact = F.col(name).cast(VALUES[name])
        return (F.coalesce(exact, F.lit(0).cast(VALUES[name])) if name in _ZERO_IF_NULL else exact).alias(name)

    return F.struct(*map(value, names)).alias(side)


def _differs(names: Sequence[str]) -> Column:
    return reduce(or_, (~F.col(f"ours.{name}").eqNullSafe(F.col(f"theirs.{name}")) for name in names))


def _total(name: str) -> Column:
    return F.coalesce(F.sum(name), F.lit(0))


def _events(side: str) -> Column:
    """Return the number of trades and price updates of a candle, 0 without one."""
    return F.coalesce(F.col(f"{side}.trade_count") + F.col(f"{side}.update_count"), F.lit(0))


def _merged(inside: Column) -> Column:
    """Return the candle of the windows that are inside. Twin of `domain.rollup.merge_within`."""

    def of(name: str) -> Column:
        return F.when(inside, F.col(f"ours.{name}"))

    def end(prefix: str) -> Column:
        fields = [of(f"{prefix}{suffix}") for suffix in ("_timestamp", "_trade_id", "")]
        named = F.struct(
            *(field.alias(name) for field, name in zip(fields, ("timestamp", "trade_id", "price"), strict=True))
        )
        return F.when(fields[0].isNotNull(), named)

    counts = ("trade_count", "update_count", "eligible_count")
    amounts = ("volume", "notional", "eligible_volume", "eligible_vwap_volume", "eligible_notional")
    return F.struct(
        *(_key(F.min(end(name))).alias(name) for name in ("open", "eligible_open")),
        *(_key(F.max(end(name))).alias(name) for name in ("close", "eligible_close")),
        *(F.max(of(name)).alias(name) for name in ("high", "eligible_high")),
        *(F.min(of(name)).alias(name) for name in ("low", "eligible_low")),
        *(F.sum(of(name)).alias(name) for name in counts),
        *(_exact_sum(of(name), name) for name in amounts),
    )


def _exact_sum(values: Column, name: str) -> Column:
    total = F.sum(F.coalesce(values, F.lit(0).cast(VALUES[name])))
    return F.coalesce(total, F.raise_error(F.lit(f"the {name} of a day exceeds its digits"))).alias(name)


def _key(trade: Column) -> Column:
    """Return a trade key with its time in ms since the epoch; null without one."""
    key = F.struct(
        F.unix_millis(trade["timestamp"]).alias("timestamp_ms"),
        trade["trade_id"].alias("trade_id"),
        trade["price"].alias("price"),
    )
    return F.when(trade.isNotNull(), key)
