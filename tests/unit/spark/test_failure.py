from __future__ import annotations

from adapters.spark.failure import LIMIT, root_cause

PROXY = """An exception was raised by the Python Proxy. Return Message: Traceback (most recent call last):
  File "queries.py", line 53, in store
    write_rows(batch)
py4j.protocol.Py4JJavaError: An error occurred while calling o780.save.
: java.io.IOException: Couldn't find table trade_aggregates in dies
\tat com.datastax.Schema.load(Schema.scala:1)
"""


def test_what_java_told_a_callback_is_the_cause() -> None:
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
