r"""Twin of `domain.record.decode`: records of the topic to trades, or to the reason of the rejection.

- One regular expression, that of the domain, decides what is a record, and splits it in the same pass: it replaces the whole text by the fields,
  one per line. There is no second JSON parser, so none can be more lenient. (`from_json` after the same pattern was 1.6 times as slow.)
- The length is checked first: a megabyte of garbage costs no regular expression.
- Bytes that are not ASCII match in neither language, whatever they are decoded to.
- `rules.check` then validates each trade. Numbers of common size are parsed once, into the decimal type of their column, and not into WIDE, which
  holds every number of the pattern: a number of 38 digits is an object to create and to compare.

Spark's optimizer pushes a filter below the projection that it filters, and copies the projection's expressions into the filter: `reason is null`
then decodes each record several times, which is six times as slow. It does not push a filter through `observe`, so `decode` ends with one. Its
counts are used as well.
"""

from collections.abc import Sequence
from typing import Final

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F  # noqa: N812

from domain.record import MAX_RECORD_BYTES, RECORD_PATTERN, SCHEMA_VERSION, VERSION_PATTERN
from domain.rejection import Reason
from domain.rules import Rules

from .decimals import PRICE, VOLUME, WIDE, is_fast_path_amount, small_amount
from .rules import check, first_that_fails, whole

# The fields in the order in which they are written out, by the number of their group. A time comes first, because then the replaced text never
# begins as a record does.
_GROUPS: Final = {
    "timestamp_ms": 4,
    "symbol": 1,
    "price": 2,
    "volume": 3,
    "trade_id": 5,
    "conditions": 6,
    "received_ms": 7,
    "venue": 8,
    "asset_class": 9,
}
_TIMES: Final = frozenset({"timestamp_ms", "received_ms"})


def decode(records: DataFrame, rules: Rules, *, metrics: str | Observation) -> DataFrame:
    """Return the records with the fields of their trades and the verdict of every rule.

    `records` has `value` (binary, may be null) and `timestamp`, the time at which the broker appended it; all columns are kept. The new columns are the
    fields of the trade, times in milliseconds, null if the text is not a record; and `reason`, null if the record is a valid trade. Numbers are in
    `price` and `volume` if both are of common size, otherwise WIDE in `wide_price` and `wide_volume`; the other two are null.
    `metrics` names the counts `records` and `rejected` (see `DataFrame.observe`), one name per query.
    """
    split = records.select("*", _split(F.col("value")).alias("_text")).select(
        "*", F.when(~F.col("_text").startswith("{"), F.split("_text", "\n")).alias("_fields")
    )
    fields = [_field(F.col("_fields")[place], name) for place, name in enumerate(_GROUPS)]
    read = _sized(split.select(*records.columns, "_text", *fields))
    return (
        read.withColumn("reason", _verdict(rules))
        .drop("_text")
        .observe(metrics, F.count(F.lit(1)).alias("records"), F.count("reason").alias("rejected"))
    )


def trades(decoded: DataFrame, *, beside: Sequence[str] = ()) -> DataFrame:
    """Return the valid trades among decoded records, with typed fields, times as timestamps, and the columns named `beside`."""
    return decoded.where(F.col("reason").isNull()).select(
        *beside,
        "symbol",
        F.timestamp_millis("timestamp_ms").alias("timestamp"),
        "trade_id",
        F.coalesce("price", F.col("wide_price").cast(PRICE)).alias("price"),
        F.coalesce(F.col("volume").cast(VOLUME), F.col("wide_volume").cast(VOLUME)).alias("volume"),
        F.regexp_extract_all("conditions", F.lit('"([^"]*)"'), 1).alias("conditions"),
        F.timestamp_millis("received_ms").alias("received_at"),
        "venue",
        "asset_class",
    )


def _split(value: Column) -> Column:
    """Return the fields, one a line, if the value is a record; its text if it is not; null if it is too long to be one."""
    lines = "\n".join(f"${group}" for group in _GROUPS.values())
    replaced = F.regexp_replace(value.cast("string"), whole(RECORD_PATTERN), lines)
    # A text that does not begin like a record could be mistaken for the fields of one.
    is_candidate = (F.octet_length(value) <= MAX_RECORD_BYTES) & value.cast("string").startswith("{")
    return F.when(is_candidate, replaced)


def _field(line: Column, name: str) -> Column:
    return (line.cast("bigint") if name in _TIMES else line).alias(name)


def _sized(read: DataFrame) -> DataFrame:
    """Read price and volume, which are texts, as numbers of the usual size, or else as WIDE ones."""
    names = ("price", "volume")
    # Each step in a projection of its own, or Spark copies what it computes into all that use it.
    small = read.withColumns({f"_{name}": small_amount(F.col(name)) for name in names})
    judged = small.withColumn("_fast_path", is_fast_path_amount(F.col("_price"), F.col("_volume")))
    wide = {f"wide_{name}": F.when(~F.col("_fast_path"), F.col(name).cast(WIDE)) for name in names}
    fast = {name: F.when(F.col("_fast_path"), F.col(f"_{name}")) for name in names}
    return judged.withColumns(wide | fast).drop("_price", "_volume", "_fast_path")


def _verdict(rules: Rules) -> Column:
    text = F.col("_text")
    is_other_version = text.rlike(rf"\A(?:{VERSION_PATTERN})") & ~text.startswith(f'{{"v":{SCHEMA_VERSION},')
    judged = check(
        F.col("symbol"),
        F.col("price").isNotNull(),
        F.col("wide_price"),
        F.col("wide_volume"),
        F.col("timestamp_ms"),
        # The earlier of the two clocks, as the domain has it: the verdict is the same at every reading.
        now_ms=F.least("received_ms", F.unix_millis("timestamp")),
        rules=rules,
    )
    no_record = first_that_fails(
        (Reason.UNSUPPORTED_VERSION, is_other_version),
        (Reason.MALFORMED, F.lit(True)),
    )
    return F.when(F.col("timestamp_ms").isNull(), no_record).otherwise(judged)
