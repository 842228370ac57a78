"""The Spark session of a test session: one JVM, small, started when a test first asks."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

from devstack.jars import classpath
from devstack.servers.java import java_home

if TYPE_CHECKING:  # imported where a test asks for Spark: on Python 3.14 there is none
    from pyspark.sql import SparkSession

_KEEP_ALIVE_MS: Final = itertools.count(5_000)


def pytest_configure(config: pytest.Config) -> None:
    """Let Py4J leave its sockets to the garbage collector, as it does whenever a thread that spoke to the JVM ends."""
    config.addinivalue_line("filterwarnings", r"ignore:unclosed <socket\.socket.*127\.0\.0\.1:ResourceWarning")


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A local session of two cores and 1 GB, with the connectors, in a time zone that is not UTC: no rule may lean on it."""
    from pyspark.sql import SparkSession  # noqa: PLC0415

    from adapters.spark.partitions import EXTENSIONS  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("spark")
    os.environ.setdefault("JAVA_HOME", str(java_home()))
    # createDataFrame starts Python workers, which must be of this Python.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .appName("tests")
        .config("spark.jars", ",".join(map(str, classpath("spark"))))
        .config("spark.driver.memory", "1g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.extensions", EXTENSIONS)
        .config("spark.sql.session.timeZone", "Pacific/Auckland")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def renew_cassandra_connection(spark: SparkSession) -> None:
    """Let the connector open a new connection to Cassandra, which knows all tables.

    An older one learns late of a table that was just made: after an outage of Cassandra, minutes late in one case.
    """
    # Connections are shared by those whose settings are equal.
    spark.conf.set("spark.cassandra.connection.keepAliveMS", str(next(_KEEP_ALIVE_MS)))
