"""The aggregator is killed in a micro-batch and started again by spark-submit: what it leaves is what the domain says."""

from __future__ import annotations

from pathlib import Path

import pytest

from devstack.stack import Stack
from tests.support.aggregators import Program, Site, until
from tests.support.domain_results import (
    assert_dead_letters_are_the_domains,
    assert_trades_are_the_domains,
    expected_candles,
)
from tests.support.records import Records

from .fault_report import Tell

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(600)]


def test_a_kill_in_a_micro_batch_changes_nothing_and_spark_submit_goes_on(
    kafka_stack: Stack, cassandra_stack: Stack, tmp_path: Path, tell: Tell
) -> None:
    site = Site.make("killed", tmp_path, kafka_stack, cassandra_stack)
    source = Records(seed=7)
    site.send(source.entries(3_000))
    first = Program.start(site, "--max-offsets-per-trigger", "1000")
    try:
        # In the middle: a micro-batch has begun that is not committed.
        until(lambda: any((query / "offsets" / "1").exists() for query in site.queries), "a second micro-batch")
    finally:
        first.kill()
    assert not site.all_is_stored()
    site.send(source.entries(1_000))
    second = Program.start(site, "--max-offsets-per-trigger", "1000", command=["spark-submit", "apps/aggregator.py"])
    try:
        until(second.is_up, "all queries run")
        until(site.all_is_stored, "everything is stored")
        second.process.terminate()  # the JVM: it is what spark-submit becomes
        assert second.ended() == 0, second.text()[-3000:]
    finally:
        second.kill()
    assert second.says("aggregator_stopped") == 1
    assert_trades_are_the_domains(site)
    assert_dead_letters_are_the_domains(site, repeated=True)
    assert site.stored_candles() == expected_candles(site)[0]
    tell(
        "aggregator kill -9 in a micro-batch, restarted by spark-submit",
        "same rows and candles as the domain's",
        f"{len(site.trades())} records",
    )
