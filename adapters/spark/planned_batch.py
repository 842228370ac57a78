"""What Spark planned for a micro-batch before it ran: the same for each repetition of the batch, after a crash as well.

The file `offsets/N` of a query's checkpoint is written before batch N runs. Its second line has the watermark of the batch.
"""

import json
from typing import Final, Self

import attrs
from pyspark.sql import SparkSession

from .hadoop_folder import HadoopFolder

_METADATA_LINE: Final = 1


@attrs.frozen(kw_only=True)
class PlannedBatch:
    """What is the same in each repetition of a batch."""

    watermark_ms: int
    """The watermark that the batch uses, in milliseconds since the epoch; 0 before the first trade."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the plan in the text of an offsets file. Raise ValueError if it is not one."""
        lines = text.splitlines()
        if len(lines) <= _METADATA_LINE:
            raise ValueError("a file of offsets has three lines")
        return cls(watermark_ms=json.loads(lines[_METADATA_LINE])["batchWatermarkMs"])


class PlannedBatches:
    """The plans of the batches of one query."""

    def __init__(self, spark: SparkSession, checkpoint: str) -> None:
        self._folder = HadoopFolder(spark, checkpoint)

    def read(self, batch_id: int) -> PlannedBatch:
        """Return the plan of a batch that runs. Raise ValueError if the checkpoint does not have it."""
        text = self._folder.read(f"offsets/{batch_id}")
        if text is None:
            raise ValueError(f"the checkpoint has no plan of batch {batch_id}")
        return PlannedBatch.parse(text)
