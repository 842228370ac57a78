"""Rows of `trades_v2`: one a trade, in the partition of its symbol and UTC day."""

from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from .window import partition_columns

TABLE: Final = "trades_v2"


def trade_rows(trades: DataFrame) -> DataFrame:
    """Return the rows to store of the trades of `record.trades`."""
    return trades.select("*", *partition_columns(F.col("timestamp")))
