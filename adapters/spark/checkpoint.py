"""A checkpoint belongs to the settings that it was begun with: some cannot change under it.

Spark keeps the number of shuffle partitions of a checkpoint without a word, and folds into whatever windows its state has; another topic or
keyspace would mix two streams. So the settings that shape a checkpoint are written beside it once, and compared at every start.

Spark writes each file of a checkpoint under another name and renames it. By Hadoop's FileContext, which it prefers, that starts five processes a file on a
local disk (`readlink` and `chmod`: PySpark has no native library that would do it), and each micro-batch of candles writes six files. By Hadoop's
FileSystem it starts two, takes a quarter of the CPU, and renames by the same call of the operating system, whole and over what is there. On HDFS only
FileContext can do that: there, and wherever else the checkpoint is not local, Spark goes on as it likes.
"""

import json
from typing import Any, Final

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from ports.errors import PortError

from .queries import CANDLES, LAYOUT_VERSION, TRADES
from .settings import AggregatorSettings

FILE: Final = "settings.json"
_FILE_MANAGER: Final = "spark.sql.streaming.checkpointFileManagerClass"
_BY_FILE_SYSTEM: Final = "org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager"
_BEFORE: Final = {"deduplicate": False}
"""What holds for a checkpoint that was begun before there was such a setting."""


class CheckpointError(PortError):
    """The checkpoint cannot be used: it belongs to other settings, or cannot be read or written."""


def claim_checkpoint(spark: SparkSession, settings: AggregatorSettings) -> None:
    """Write the settings beside a new checkpoint, or compare them with those of an old one; have Spark write local ones the short way.

    Raises CheckpointError, which says what to do, where they differ or the folder cannot be used.
    """
    path = f"{settings.checkpoint.rstrip('/')}/{LAYOUT_VERSION}/{FILE}"
    wanted = frozen_settings(settings)
    try:
        found = _claim(spark, path, json.dumps(wanted, indent=1))
        _rename_locally(spark, path)
    except Py4JJavaError as error:
        reason = error.java_exception.getMessage()
        raise CheckpointError(f"the checkpoint folder {settings.checkpoint} cannot be used: {reason}") from error
    if found is None:
        return
    try:
        known = _BEFORE | json.loads(found)
    except ValueError as error:
        raise CheckpointError(f"{path} is no JSON: the checkpoint is damaged; name another --checkpoint") from error
    different = [
        f"{name}: {known.get(name)!r} there, {value!r} now"
        for name, value in wanted.items()
        if known.get(name) != value
    ]
    if different:
        raise CheckpointError(
            f"the checkpoint {settings.checkpoint} was begun with other settings ({'; '.join(different)}). Run with those of "
            "the checkpoint, or name another --checkpoint: a new one reads the topic from its start and writes the same rows again"
        )


def frozen_settings(settings: AggregatorSettings) -> dict[str, Any]:
    """Give the settings that cannot change under a checkpoint."""
    return {
        "topic": settings.topic,
        "keyspace": settings.keyspace,
        "window_ms": settings.window_ms,
        "shuffle_partitions": settings.shuffle_partitions,
        "deduplicate": settings.deduplicate,
    }


def _rename_locally(spark: SparkSession, path: str) -> None:
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001
    files = jvm.org.apache.hadoop.fs.Path(path).getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())  # noqa: SLF001
    if files.getScheme() == "file" and spark.conf.get(_FILE_MANAGER, None) is None:
        spark.conf.set(_FILE_MANAGER, _BY_FILE_SYSTEM)


def _claim(spark: SparkSession, path: str, text: str) -> str | None:
    """Write the text to a new file on whatever file system the checkpoint is on; give the text of an old one."""
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - Hadoop's file systems have no Python API in PySpark
    place = jvm.org.apache.hadoop.fs.Path(path)
    files = place.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())  # noqa: SLF001
    if files.exists(place):
        stream = files.open(place)
        try:
            return str(jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()
    used = [name for name in (TRADES, CANDLES) if files.exists(jvm.org.apache.hadoop.fs.Path(place.getParent(), name))]
    if used:
        raise CheckpointError(
            f"{path} is missing, beside checkpoints that were begun ({', '.join(used)}): the checkpoint is damaged; name another --checkpoint"
        )
    # Whole or not at all: a crash in between leaves no half of a file.
    draft = jvm.org.apache.hadoop.fs.Path(f"{path}.new")
    stream = files.create(draft, True)
    stream.write(bytearray(text.encode()))
    stream.close()
    if not files.rename(draft, place):
        raise CheckpointError(f"{path} cannot be written")
    return None
