"""Records of events have the same verdict in the domain and in Spark, and their rows are those that the store of events writes."""

from __future__ import annotations

from collections import Counter

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from adapters.spark.session_record import WRITTEN_AT, decode_events, event_rows
from domain.rejection import Reason, Rejection
from domain.rules import Rules
from domain.session import SessionEvent, SessionEventKind
from domain.session_record import decode_event
from domain.window import partition_day
from tests.support.records import Entry
from tests.support.session_records import SessionRecords
from tests.support.twins import frame

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

Verdict = str | list[tuple[object, ...]]


def row(event: SessionEvent, symbol: str) -> tuple[object, ...]:
    """Return the row of `feed_events`, times in milliseconds."""
    day = partition_day(event.bucket_ms)
    return (
        symbol, day.year, day.month, day.day, event.bucket_ms, event.instance, event.session, str(event.kind), event.at_ms,
        event.seen_ms, event.symbols[symbol], event.detail, event.at_ms * 1000,
    )  # fmt: skip


def domain_verdicts(entries: list[Entry]) -> list[Verdict]:
    found = [decode_event(entry.value, appended_ms=entry.appended_ms, rules=Rules()) for entry in entries]
    return [
        event.reason.value if isinstance(event, Rejection) else sorted(row(event, symbol) for symbol in event.symbols)
        for event in found
    ]


def spark_verdicts(spark: SparkSession, entries: list[Entry]) -> list[Verdict]:
    decoded = decode_events(frame(spark, entries), Rules(), metrics="decoded")
    verdicts: list[Verdict] = [[] for _ in entries]
    for rejected in decoded.where("reason is not null").select("offset", "reason").collect():
        verdicts[rejected.offset] = rejected.reason
    rows = event_rows(decoded.withColumn("detail", F.concat_ws("@", "detail", "offset")))
    in_ms = rows.withColumns({name: F.unix_millis(name) for name in ("slot", "at", "seen", "since")})
    for found in in_ms.collect():
        detail, offset = found.detail.rsplit("@", 1)
        kept = verdicts[int(offset)]
        assert isinstance(kept, list)
        kept.append(
            (
                found.symbol, found.event_year, found.event_month, found.event_day, found.slot, found.instance,
                found.session, found.kind, found.at, found.seen, found.since, detail, found[WRITTEN_AT],
            )
        )  # fmt: skip
    return [verdict if isinstance(verdict, str) else sorted(verdict) for verdict in verdicts]


def test_thousands_of_records_have_equal_verdicts_and_rows(spark: SparkSession) -> None:
    entries = SessionRecords(seed=5).entries(4_000)
    expected = domain_verdicts(entries)
    actual = spark_verdicts(spark, entries)
    different = [(e, d, s) for e, d, s in zip(entries, expected, actual, strict=True) if d != s]
    assert different[:3] == []
    seen = Counter(verdict if isinstance(verdict, str) else "valid" for verdict in expected)
    reasons = {Reason.MALFORMED, Reason.UNSUPPORTED_VERSION, Reason.TOO_OLD, Reason.IN_FUTURE}
    assert seen.keys() == {"valid", *(reason.value for reason in reasons)}
    assert min(seen.values()) >= 20
    assert seen["valid"] > 1_000
    kinds = {row[7] for verdict in expected if isinstance(verdict, list) for row in verdict}
    assert kinds == {str(kind) for kind in SessionEventKind}
