r"""Twin of `domain.session_record.decode_event`: records of the topic of events to events, or to the reason why not; and the rows of `feed_events`.

As for trades, the domain's own two expressions validate and split: one the record, one its symbols. The matches of the second one, joined by commas,
must be the whole list. There are a few events in a minute, so nothing here is optimized.
"""

from typing import Final

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F  # noqa: N812

from domain.record import VERSION_PATTERN
from domain.rejection import Reason
from domain.rules import Rules
from domain.session import HOUR_MS, SessionEventKind
from domain.session_record import EVENT_PATTERN, MAX_EVENT_BYTES, SCHEMA_VERSION, SYMBOL_SINCE_PATTERN

from .rules import first_that_fails, whole
from .window import partition_columns, window_start_ms

TABLE: Final = "feed_events"
WRITTEN_AT: Final = "written_at"
"""The column with the write time of a row, in microseconds since the epoch."""

# In the order of their groups. The first is a name, and no name begins as a record does.
_FIELDS: Final = ("instance", "session", "kind", "at_ms", "seen_ms", "detail", "symbols")
_TIMES: Final = frozenset({"at_ms", "seen_ms"})


def decode_events(records: DataFrame, rules: Rules, *, metrics: str | Observation) -> DataFrame:
    """Return the records with the fields of their events.

    `records` has `value` (binary, may be null) and `timestamp`, the time at which the broker appended it; all its columns stay. Added are the fields of
    the event, null if the value is not an event; and `reason`, null if the event is valid. `metrics` names the counts `records` and `rejected`.
    """
    text = F.col("value").cast("string")
    lines = "\n".join(f"${group}" for group in range(1, len(_FIELDS) + 1))
    is_candidate = (F.octet_length("value") <= MAX_EVENT_BYTES) & text.startswith("{")
    split = records.select(
        "*", F.when(is_candidate, F.regexp_replace(text, whole(EVENT_PATTERN), lines)).alias("_text")
    ).select("*", F.when(~F.col("_text").startswith("{"), F.split("_text", "\n")).alias("_fields"))
    fields = [_field(F.col("_fields")[place], name) for place, name in enumerate(_FIELDS)]
    read = split.select(*records.columns, "_text", *fields)
    return (
        read.withColumn("reason", _verdict(rules))
        .drop("_text")
        .observe(metrics, F.count(F.lit(1)).alias("records"), F.count("reason").alias("rejected"))
    )


def event_rows(decoded: DataFrame) -> DataFrame:
    """Return the rows of `feed_events` for the valid events, one for each symbol of an event, with the column `WRITTEN_AT`."""
    at_ms = F.col("at_ms")
    is_keep_alive = F.col("kind") == SessionEventKind.ALIVE.value
    names, times = (F.regexp_extract_all("symbols", F.lit(SYMBOL_SINCE_PATTERN), group) for group in (1, 2))
    return (
        decoded.where(F.col("reason").isNull())
        .select("*", F.explode(F.arrays_zip(names.alias("symbol"), times.alias("since"))).alias("_symbol"))
        .select(
            F.col("_symbol.symbol").alias("symbol"),
            F.timestamp_millis(F.when(is_keep_alive, window_start_ms(at_ms, HOUR_MS)).otherwise(at_ms)).alias("slot"),
            "instance",
            "session",
            "kind",
            F.timestamp_millis("at_ms").alias("at"),
            F.timestamp_millis("seen_ms").alias("seen"),
            F.timestamp_millis(F.col("_symbol.since").cast("bigint")).alias("since"),
            "detail",
            (at_ms * 1000).alias(WRITTEN_AT),
        )
        .select("*", *partition_columns(F.col("slot"), prefix="event"))
    )


def _field(line: Column, name: str) -> Column:
    return (line.cast("bigint") if name in _TIMES else line).alias(name)


def _verdict(rules: Rules) -> Column:
    text, listed = F.col("_text"), F.col("symbols")
    is_other_version = text.rlike(rf"\A(?:{VERSION_PATTERN})") & ~text.startswith(f'{{"v":{SCHEMA_VERSION},')
    names = F.regexp_extract_all("symbols", F.lit(SYMBOL_SINCE_PATTERN), 1)
    found = F.concat_ws(",", F.regexp_extract_all("symbols", F.lit(SYMBOL_SINCE_PATTERN), 0))
    appended_ms = F.unix_millis("timestamp")
    not_an_event = first_that_fails(
        (Reason.UNSUPPORTED_VERSION, is_other_version),
        (Reason.MALFORMED, F.lit(True)),
    )
    judged = first_that_fails(
        (Reason.MALFORMED, found != listed),
        (Reason.MALFORMED, F.size(F.array_distinct(names)) != F.size(names)),
        (Reason.MALFORMED, F.col("seen_ms") > F.col("at_ms")),
        (Reason.TOO_OLD, F.col("at_ms") < appended_ms - rules.max_age_ms),
        (Reason.IN_FUTURE, F.col("at_ms") > appended_ms + rules.future_tolerance_ms),
    )
    return F.when(F.col("at_ms").isNull(), not_an_event).otherwise(judged)
