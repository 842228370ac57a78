"""A checkpoint belongs to the settings that it was created with, also one that an older version created."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from pyspark.sql import SparkSession

from adapters.spark.checkpoint import CheckpointError, claim_checkpoint
from adapters.spark.layout import QUERIES, VERSION
from adapters.spark.settings import AggregatorSettings

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

FILE_MANAGER = "spark.sql.streaming.checkpointFileManagerClass"


def test_a_local_checkpoint_is_written_without_starting_processes_to_rename_a_file(
    spark: SparkSession, tmp_path: Path
) -> None:
    session = spark.newSession()
    claim_checkpoint(session, AggregatorSettings(checkpoint=str(tmp_path / "local")))
    assert str(session.conf.get(FILE_MANAGER)).endswith("FileSystemBasedCheckpointFileManager")


def test_a_file_manager_of_the_user_is_not_changed(spark: SparkSession, tmp_path: Path) -> None:
    session = spark.newSession()
    session.conf.set(FILE_MANAGER, "of.the.user")
    claim_checkpoint(session, AggregatorSettings(checkpoint=str(tmp_path / "local")))
    assert session.conf.get(FILE_MANAGER) == "of.the.user"


def test_a_checkpoint_that_is_not_local_keeps_sparks_file_manager(spark: SparkSession, tmp_path: Path) -> None:
    session = spark.newSession()
    # The only other file system that needs no server: one that leads elsewhere.
    mounts = session.sparkContext._jsc.hadoopConfiguration()
    mounts.set("fs.viewfs.mounttable.elsewhere.link./data", tmp_path.as_uri())
    claim_checkpoint(session, AggregatorSettings(checkpoint="viewfs://elsewhere/data/checkpoint"))
    assert list(tmp_path.rglob("settings.json"))
    assert session.conf.get(FILE_MANAGER, None) is None


def test_a_new_checkpoint_is_claimed_and_claimed_again(spark: SparkSession, tmp_path: Path) -> None:
    settings = AggregatorSettings(checkpoint=str(tmp_path / "new"))
    claim_checkpoint(spark, settings)
    claim_checkpoint(spark, settings)
    # These may change under a checkpoint.
    claim_checkpoint(spark, attrs.evolve(settings, allowed_lateness_ms=5, trigger_s=5.0, max_offsets_per_trigger=7))


@pytest.mark.parametrize(
    "change",
    [
        {"window_ms": 1},
        {"shuffle_partitions": 9},
        {"topic": "others"},
        {"events_topic": "others"},
        {"keyspace": "others"},
        {"deduplicate": True},
    ],
)
def test_a_checkpoint_is_bound_to_the_settings_that_created_it(
    spark: SparkSession, tmp_path: Path, change: dict[str, Any]
) -> None:
    settings = AggregatorSettings(checkpoint=str(tmp_path))
    claim_checkpoint(spark, settings)
    with pytest.raises(CheckpointError, match=next(iter(change))):
        claim_checkpoint(spark, attrs.evolve(settings, **change))


def forget_settings(checkpoint: Path, *names: str) -> None:
    """Leave settings.json as a version wrote it that did not know these settings."""
    file = checkpoint / VERSION / "settings.json"
    known = json.loads(file.read_text())
    for name in names:
        del known[name]
    for old in (file, file.with_name(".settings.json.crc"), file.with_name(".settings.json.new.crc")):
        old.unlink(missing_ok=True)
    file.write_text(json.dumps(known))


def store_offsets(checkpoint: Path, query: str, batch: int, topic: str) -> None:
    """Write the offsets of a batch as Spark does."""
    folder = checkpoint / VERSION / query / "offsets"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(batch)).write_text(f'v1\n{{"batchWatermarkMs":0}}\n{{"{topic}":{{"0":7,"1":0}}}}')


def test_a_checkpoint_of_a_version_without_deduplication_continues_without_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    settings = AggregatorSettings(checkpoint=str(tmp_path))
    claim_checkpoint(spark, settings)
    forget_settings(tmp_path, "deduplicate")
    claim_checkpoint(spark, settings)
    with pytest.raises(CheckpointError, match="deduplicate"):
        claim_checkpoint(spark, attrs.evolve(settings, deduplicate=True))


def test_a_checkpoint_of_a_version_that_did_not_freeze_the_topic_of_events_keeps_the_one_it_has_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    settings = AggregatorSettings(checkpoint=str(tmp_path), events_topic="our.events")
    claim_checkpoint(spark, settings)
    forget_settings(tmp_path, "events_topic")
    store_offsets(tmp_path, "events", 9, "events.of.before")
    store_offsets(tmp_path, "events", 10, "our.events")
    claim_checkpoint(spark, settings)
    with pytest.raises(CheckpointError, match=r"events_topic: 'our\.events' there, 'other\.events' now"):
        claim_checkpoint(spark, attrs.evolve(settings, events_topic="other.events"))


@pytest.mark.parametrize("offsets", [None, "v1", 'v1\n{}\n"damaged'])
def test_an_older_checkpoint_that_has_read_no_events_accepts_any_topic_of_them(
    spark: SparkSession, tmp_path: Path, offsets: str | None
) -> None:
    settings = AggregatorSettings(checkpoint=str(tmp_path))
    claim_checkpoint(spark, settings)
    forget_settings(tmp_path, "events_topic")
    if offsets is not None:
        store_offsets(tmp_path, "events", 0, "any")
        (tmp_path / VERSION / "events" / "offsets" / "0").write_text(offsets)
    claim_checkpoint(spark, attrs.evolve(settings, events_topic="other.events"))


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_that_has_run_without_settings_beside_it_is_reported(
    spark: SparkSession, tmp_path: Path, query: str
) -> None:
    store_offsets(tmp_path, query, 0, "trades")
    with pytest.raises(CheckpointError, match=f"have run \\({query}\\).*use another checkpoint folder"):
        claim_checkpoint(spark, AggregatorSettings(checkpoint=str(tmp_path)))


def test_settings_that_are_not_json_are_reported(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / VERSION).mkdir()
    (tmp_path / VERSION / "settings.json").write_text("garbage")
    with pytest.raises(CheckpointError, match="not JSON"):
        claim_checkpoint(spark, AggregatorSettings(checkpoint=str(tmp_path)))


def test_a_checkpoint_that_cannot_be_written_is_reported(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot be used"):
        claim_checkpoint(spark, AggregatorSettings(checkpoint=str(tmp_path / "file")))
