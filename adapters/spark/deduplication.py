"""Each trade once: for a topic to which two producers carry the same symbols.

Trades are the same when symbol, event time and trade id are; of several, the first to be folded counts. For this the query remembers the keys of all
trades of open windows, in a state of its own before that of the candles.

Lateness must be judged once and by the same rule in both states: by the end of the trade's window. Spark judges by whichever column carries the
watermark. By the timestamp, `dropDuplicates` would leave out trades that are older than the watermark although their window is still open
(and so does `dropDuplicatesWithinWatermark`). So here the window is part of the key, and alone carries the watermark.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from .candles import WINDOW


def distinct_trades(trades: DataFrame) -> DataFrame:
    """Give each trade once, of a stream whose trades know their window, and the window the watermark (`candles.windowed`)."""
    # A timestamp that is computed anew is a column without the watermark.
    bare = trades.select(
        "symbol",
        WINDOW,
        F.timestamp_micros(F.unix_micros("timestamp")).alias("timestamp"),
        "trade_id",
        "price",
        "volume",
    )
    return bare.dropDuplicates(["symbol", WINDOW, "timestamp", "trade_id"])
