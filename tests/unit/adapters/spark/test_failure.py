from __future__ import annotations

from adapters.spark.failure import LIMIT, explain, root_cause

PROXY = """An exception was raised by the Python Proxy. Return Message: Traceback (most recent call last):
  File "queries.py", line 53, in store
    write_rows(batch)
py4j.protocol.Py4JJavaError: An error occurred while calling o780.save.
: java.io.IOException: Couldn't find table trade_aggregates in dies
\tat com.datastax.Schema.load(Schema.scala:1)
"""


def test_an_error_of_java_in_a_callback_is_the_cause() -> None:
    assert root_cause(PROXY) == "java.io.IOException: Couldn't find table trade_aggregates in dies"


def test_the_deepest_cause_counts() -> None:
    text = PROXY + "Caused by: a.B: outer\n\tat x\nCaused by: c.D: inner\n\tat y\n"
    assert root_cause(text) == "c.D: inner"


def test_an_error_of_python_names_itself() -> None:
    assert root_cause("Traceback:\n  File\npyspark.errors.AnalysisException: no such column\n") == (
        "pyspark.errors.AnalysisException: no such column"
    )


def test_any_text_gives_one_short_line() -> None:
    assert root_cause("\n  it broke  \nsomewhere") == "it broke"
    assert root_cause("") == "no reason given"
    assert len(root_cause("x" * 5_000)) == LIMIT


def test_the_ids_of_a_query_are_no_cause() -> None:
    text = "[STREAM_FAILED] Query [id = 1-2, runId = 3-4] terminated with exception: Failed to read log file x/v1/offsets/4"
    assert root_cause(text) == "Failed to read log file x/v1/offsets/4"


FOLDED = "\tat org.apache.spark.sql.execution.streaming.state.StateStoreRDD.compute(StateStoreRDD.scala:127)\n"
DAMAGED = (
    "Caused by: java.io.EOFException\n\tat java.io.DataInputStream.readInt(DataInputStream.java)\n"
    "\tat org.apache.spark.sql.execution.streaming.state.StateStoreChangelogReader.getNext(X.scala:1)\n"
)


def test_of_a_damaged_checkpoint_it_says_what_to_do() -> None:
    gone = "Caused by: java.io.FileNotFoundException: File file:/a/data/checkpoint/v1/candles/state/0/0/1.changelog\n"
    for text in (DAMAGED, gone, "Failed to read log file 4"):
        words = explain(text, "data/checkpoint")
        assert words.startswith(root_cause(text))
        assert "use another checkpoint folder" in words


def test_a_store_that_is_away_is_not_taken_for_a_damaged_checkpoint() -> None:
    text = f"Caused by: com.datastax.AllNodesFailed: none\n\tat com.datastax.write(X.java)\n{FOLDED}"
    assert explain(text, "data/checkpoint") == "com.datastax.AllNodesFailed: none"


def test_the_connectors_cause_is_found_in_its_broken_sentence() -> None:
    text = (
        "Caused by: java.io.IOException: Failed to write statements to tapeline.trades_v2. The\nlatest exception was\n"
        "  Not enough replicas available for query at consistency LOCAL_QUORUM (2 required but only 1 alive)\n             \n"
        "Please check the executor logs for more exceptions and information\n             \n\tat com.datastax.Writer.write(X.scala:1)\n"
    )
    assert root_cause(text) == (
        "Failed to write statements to tapeline.trades_v2: "
        "Not enough replicas available for query at consistency LOCAL_QUORUM (2 required but only 1 alive)"
    )
