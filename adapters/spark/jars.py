"""The jars of the two connectors, in a JVM that may have started without them.

spark-submit starts the JVM before it reads the program, so the jars that the program names (`spark.jars`) are sent to executors, but are not on the
driver's class path. There they are added to the class loader that spark-submit created for `--jars`, which all threads of the driver share.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark import SparkConf, SparkContext

PACKAGES = (
    "org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7",
    "com.datastax.spark:spark-cassandra-connector_2.12:3.5.1",
)
_CLASSES = (
    "org.apache.spark.sql.kafka010.KafkaSourceProvider",
    "com.datastax.spark.connector.cql.CassandraConnector",
)


def names_jars(conf: SparkConf) -> bool:
    """Return whether the user configured jars or packages."""
    return any(conf.get(name, "") for name in ("spark.jars", "spark.jars.packages"))


def has_connectors() -> bool:
    """Return whether the running JVM has both connectors."""
    jvm: Any = SparkContext._jvm  # noqa: SLF001
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    try:
        for name in _CLASSES:
            jvm.java.lang.Class.forName(name, False, loader)
    except Py4JJavaError:
        return False
    return True


def add_jars(conf: SparkConf, jars: Sequence[Path]) -> None:
    """Configure the jars for executors, and add them to the class path of a driver that is already running."""
    conf.set("spark.jars", ",".join(str(jar) for jar in jars))
    jvm: Any = SparkContext._jvm  # noqa: SLF001
    if jvm is None:
        return
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    for jar in jars:
        loader.addURL(jvm.java.io.File(str(jar)).toURI().toURL())


def no_connectors_words() -> str:
    """Return the error message for missing jars."""
    return f"the Kafka and Cassandra connectors are missing: run spark-submit with --packages {','.join(PACKAGES)}"
