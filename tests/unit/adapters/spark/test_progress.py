from __future__ import annotations

from typing import Any

from adapters.spark.progress import read_progress


def report(**fields: Any) -> dict[str, Any]:
    """What Spark reports of a micro-batch of the candles, cut to what is read."""
    return {
        "name": "candles",
        "batchId": 3,
        "numInputRows": 40,
        "durationMs": {"addBatch": 900, "triggerExecution": 1250},
        "eventTime": {"watermark": "2023-11-14T23:01:44.460Z"},
        "stateOperators": [{"numRowsDroppedByWatermark": 7, "numRowsUpdated": 3, "memoryUsedBytes": 500}],
        "sources": [
            {
                "startOffset": {"trades": {"0": 10, "1": 5}},
                "endOffset": {"trades": {"0": 20, "1": 15}},
                "latestOffset": {"trades": {"0": 22, "1": 19}},
                "numInputRows": 40,
                "metrics": {"avgOffsetsBehindLatest": "3.0", "maxOffsetsBehindLatest": "4"},
            }
        ],
        "observedMetrics": {"decoded": {"records": 20, "rejected": 4}},
        **fields,
    }


def test_a_report_is_read_in_full() -> None:
    progress = read_progress(report())
    assert (progress.query, progress.batch_id, progress.seconds) == ("candles", 3, 1.25)
    assert (progress.rejected, progress.late_rows, progress.offsets_behind) == (4, 7, 6)
    assert (progress.state_updated_rows, progress.state_bytes) == (3, 500)
    assert progress.watermark == "2023-11-14T23:01:44.460Z"
    assert progress.phases_ms == {"addBatch": 900}


def test_records_are_counted_once_however_often_a_sink_read_them() -> None:
    assert read_progress(report()).records == 20


def test_the_first_batch_of_a_checkpoint_has_no_start() -> None:
    source = {"startOffset": None, "endOffset": {"trades": {"0": 20}}, "numInputRows": 20, "metrics": {}}
    assert read_progress(report(sources=[source])).records == 20


def test_a_query_without_windows_or_counts_says_so() -> None:
    progress = read_progress(report(stateOperators=[], eventTime={}, observedMetrics={}))
    assert (progress.late_rows, progress.watermark, progress.rejected) == (None, None, None)


def test_the_state_of_deduplication_is_not_counted_as_windows_and_reports_duplicates() -> None:
    windows = {
        "operatorName": "stateStoreSave",
        "numRowsDroppedByWatermark": 0,
        "numRowsUpdated": 3,
        "memoryUsedBytes": 500,
    }
    seen = {
        "operatorName": "dedupe",
        "numRowsDroppedByWatermark": 2,
        "numRowsUpdated": 40,
        "memoryUsedBytes": 100,
        "customMetrics": {"numDroppedDuplicateRows": 38},
    }
    progress = read_progress(report(stateOperators=[windows, seen]))
    assert (progress.state_updated_rows, progress.duplicates, progress.late_rows, progress.state_bytes) == (
        3,
        38,
        2,
        600,
    )
    assert read_progress(report()).duplicates is None
