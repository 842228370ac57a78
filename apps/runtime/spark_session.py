"""Starting Spark with its connectors, for the programs that need it, by spark-submit or without."""

import os
from collections.abc import Sequence
from pathlib import Path

from pyspark.sql import SparkSession

from adapters.spark.jars import add_jars, has_connectors, names_jars, no_connectors_words
from adapters.spark.session import spark_conf, start_jvm, start_session
from adapters.spark.settings import AggregatorSettings
from domain.errors import TapelineError


def connected_session(settings: AggregatorSettings, name: str = "tapeline-aggregator") -> SparkSession:
    """Start Spark, as the application `name`, with its two connectors: those that the user named or that the JVM has, or else those of the dev stack.

    Raise TapelineError, which says what to do, if there are none.
    """
    conf = spark_conf(settings, name)
    under_spark_submit = "PYSPARK_GATEWAY_PORT" in os.environ
    if not (has_connectors() if under_spark_submit else names_jars(conf)):
        add_jars(conf, devstack_jars())
    if not under_spark_submit:
        _use_devstack_java()
    start_jvm(conf, settings)
    if not has_connectors():
        raise TapelineError(no_connectors_words())
    return start_session(conf, settings)


def devstack_jars() -> Sequence[Path]:
    """Return the connectors' jars of the dev stack's lock file, and fetch missing ones; empty if the dev stack is not installed."""
    try:
        from devstack.jars import classpath  # noqa: PLC0415 - on a cluster there is none
    except ImportError:
        return ()
    return classpath("spark")


def _use_devstack_java() -> None:
    try:
        from devstack.servers.java import java_home  # noqa: PLC0415
    except ImportError:
        return
    os.environ["JAVA_HOME"] = str(java_home())
