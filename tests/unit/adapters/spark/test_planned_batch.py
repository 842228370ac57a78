"""The plan of a micro-batch is read from the file that Spark writes before it runs."""

import pytest

from adapters.spark.planned_batch import PlannedBatch

TEXT = 'v1\n{"batchWatermarkMs":1680286440000,"batchTimestampMs":1680286501234,"conf":{}}\n{"trades":{"0":7}}'


def test_the_watermark_of_a_batch_is_in_its_second_line() -> None:
    assert PlannedBatch.parse(TEXT) == PlannedBatch(watermark_ms=1_680_286_440_000)


@pytest.mark.parametrize("text", ["", "v1"])
def test_a_text_without_a_second_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="three lines"):
        PlannedBatch.parse(text)
