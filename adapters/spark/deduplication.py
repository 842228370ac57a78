"""Count each trade once, for a topic to which several producers send the same symbols.

Trades with equal symbol, event time and trade id are duplicates; the first one to be folded counts. The query stores the keys of all trades of open
windows, in a state of its own before that of the candles.

Both states must use the same rule for late trades: the end of the window. Spark compares the column that has the watermark. If that is the timestamp,
`dropDuplicates` drops trades that are older than the watermark although their window is still open (so does
`dropDuplicatesWithinWatermark`). So the window is part of the key here, and only the window has the watermark.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from .candles import APPENDED_AT, WINDOW
from .eligibility import ELIGIBILITY


def distinct_trades(trades: DataFrame) -> DataFrame:
    """Return each trade once, from a stream of trades with windows that have the watermark (`candles.windowed`)."""
    # A computed timestamp is a column without the watermark.
    bare = trades.select(
        "symbol",
        WINDOW,
        F.timestamp_micros(F.unix_micros("timestamp")).alias("timestamp"),
        "trade_id",
        "price",
        "volume",
        ELIGIBILITY,
        APPENDED_AT,
    )
    return bare.dropDuplicates(["symbol", WINDOW, "timestamp", "trade_id"])
