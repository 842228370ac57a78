"""Partitions are added to the topic of trades while trades arrive: the aggregator reads the new ones from their start, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from adapters.kafka.offsets import end_offsets
from adapters.kafka.topics import Outcome, Profile, ensure_topics
from devstack.stack import Stack
from tests.support.aggregators import Site
from tests.support.in_process_queries import Carrier

from .fault_report import Tell
from .stored_ledger import check_ledger, put
from .tape import Tape

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

PARTITIONS = 9


def test_partitions_are_added_while_the_aggregator_reads(
    spark: SparkSession, kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path, tell: Tell
) -> None:
    carrier = Carrier(spark, Site.make("grow", tmp_path, kafka_stack, cassandra_stack))
    site, tape = carrier.site, Tape(seed=43)
    parts = [tape.trades(400) for _ in range(3)]
    topic = site.kafka.trades_topic
    with carrier.running(max_offsets_per_trigger=200) as queries:
        put(site, parts[0])
        before = len(end_offsets(site.kafka, topic))
        put(site, parts[1])
        # No wait: the queries are still reading the old partitions.
        reports = ensure_topics(site.kafka, profile=Profile.DEV, partitions=PARTITIONS, add_partitions=True)
        put(site, parts[2])
        carrier.until_stored(queries)
    assert Outcome.PARTITIONS_ADDED in {report.outcome for report in reports if report.topic == topic}
    ends = end_offsets(site.kafka, topic)
    used = [partition for partition, end in ends.items() if partition >= before and end > 0]
    assert used
    ledger = check_ledger(site, genuine=sum(map(len, parts)))
    tell(
        f"partitions of the topic of trades raised from {before} to {len(ends)} while trades arrive",
        "the running queries read the new partitions from their start; nothing is lost",
        f"{len(used)} new partitions have records; {ledger}",
    )
