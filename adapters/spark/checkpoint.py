"""The settings that a checkpoint is bound to, and the way in which Spark writes its files.

Spark silently keeps the number of shuffle partitions of a checkpoint and folds trades into whatever windows its state holds. Another topic or
keyspace would mix two streams. So the settings that shape a checkpoint are written beside it once, and compared at each start.

Spark writes each file of a checkpoint under a temporary name and renames it. Hadoop's FileContext, which Spark prefers, starts five processes for
each file on a local disk (`readlink` and `chmod`, because PySpark has no native library for them), and each micro-batch of candles writes six
files. Hadoop's FileSystem starts two, takes a quarter of the CPU time, and renames by the same atomic system call. On HDFS only FileContext
renames atomically, so the choice is changed for local checkpoints only.
"""

import json
from typing import Any, Final

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from ports.errors import PortError

from .committed_offsets import parse_offsets
from .hadoop_folder import HadoopFolder
from .layout import EVENTS, QUERIES, path_within
from .settings import AggregatorSettings

FILE: Final = "settings.json"
_FILE_MANAGER: Final = "spark.sql.streaming.checkpointFileManagerClass"
_BY_FILE_SYSTEM: Final = "org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager"


class CheckpointError(PortError):
    """The checkpoint cannot be used: it belongs to other settings, or cannot be read or written."""


def claim_checkpoint(spark: SparkSession, settings: AggregatorSettings) -> None:
    """Write the settings beside a new checkpoint, or compare them with those of an existing one.

    Also choose the faster way to rename files for a local checkpoint, unless the user chose one. Raise CheckpointError, with what to do, if the
    settings differ or the folder cannot be used.
    """
    folder = HadoopFolder(spark, path_within(settings.checkpoint, ""))
    try:
        text = folder.read(FILE)
        if text is None:
            _write_settings(folder, settings)
        else:
            _compare(settings, _former_defaults(folder, settings) | _parse(text, settings))
        if folder.is_local() and spark.conf.get(_FILE_MANAGER, None) is None:
            spark.conf.set(_FILE_MANAGER, _BY_FILE_SYSTEM)
    except Py4JJavaError as error:
        reason = error.java_exception.getMessage()
        raise CheckpointError(f"the checkpoint folder {settings.checkpoint} cannot be used: {reason}") from error


def frozen_settings(settings: AggregatorSettings) -> dict[str, Any]:
    """Return the settings that cannot change under a checkpoint."""
    return {
        "topic": settings.topic,
        "events_topic": settings.events_topic,
        "keyspace": settings.keyspace,
        "window_ms": settings.window_ms,
        "shuffle_partitions": settings.shuffle_partitions,
        "deduplicate": settings.deduplicate,
    }


def _write_settings(folder: HadoopFolder, settings: AggregatorSettings) -> None:
    used = [query for query in QUERIES if folder.exists(query)]
    if used:
        raise CheckpointError(
            f"the checkpoint {settings.checkpoint} has no {FILE}, but its queries have run ({', '.join(used)}): "
            "it is damaged; use another checkpoint folder"
        )
    # Renamed when it is complete, so that a crash leaves no half of it.
    draft = f"{FILE}.new"
    folder.create(draft, json.dumps(frozen_settings(settings), indent=1))
    if not folder.rename(draft, FILE):
        raise CheckpointError(f"{FILE} cannot be written in the checkpoint {settings.checkpoint}")


def _parse(text: str, settings: AggregatorSettings) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise CheckpointError(
            f"{FILE} of the checkpoint {settings.checkpoint} is not JSON: it is damaged; use another checkpoint folder"
        ) from error


def _compare(settings: AggregatorSettings, known: dict[str, Any]) -> None:
    different = [
        f"{name}: {known.get(name)!r} there, {value!r} now"
        for name, value in frozen_settings(settings).items()
        if known.get(name) != value
    ]
    if different:
        raise CheckpointError(
            f"the checkpoint {settings.checkpoint} was created with other settings ({'; '.join(different)}). Use those settings, or use "
            "another checkpoint folder: a new one reads the topic from its start and writes the same rows again"
        )


def _former_defaults(folder: HadoopFolder, settings: AggregatorSettings) -> dict[str, Any]:
    """Return what holds for a checkpoint of an older version, which did not write these settings."""
    return {"deduplicate": False, "events_topic": _topic_read(folder, EVENTS) or settings.events_topic}


def _topic_read(folder: HadoopFolder, query: str) -> str | None:
    """Return the topic that a query has read, by its newest offsets; None before its first batch."""
    batches = [int(name) for name in folder.names(f"{query}/offsets") if name.isdigit()]
    text = folder.read(f"{query}/offsets/{max(batches)}") if batches else None
    try:
        return next(iter(parse_offsets(text or "")), None)
    except ValueError:
        # Spark itself reports damaged offsets, when the query starts.
        return None
