"""Check topics and tables before a query starts: a query that fails later reports a missing one in a hundred lines of Java."""

from collections.abc import Sequence
from typing import Any

from py4j.protocol import Py4JError, Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from ports.errors import BrokerError, SchemaMissingError, StoreError

from . import candles, revisions, session_record, trades
from .cql import connected
from .differences import VALUES
from .kafka_client import client_properties
from .settings import AggregatorSettings
from .sinks import table_options

TIMEOUT_S = 10


def check_topics(spark: SparkSession, settings: AggregatorSettings, topics: Sequence[str]) -> None:
    """Raise BrokerError unless Kafka answers and has these topics, with enough replicas, or PemError if a certificate cannot be used."""
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 - checked by the client that the queries use
    properties = jvm.java.util.Properties()
    for name, value in client_properties(settings).items():
        properties.setProperty(name, value)
    properties.setProperty("request.timeout.ms", str(TIMEOUT_S * 1000))
    properties.setProperty("default.api.timeout.ms", str(TIMEOUT_S * 1000))
    try:
        admin = jvm.org.apache.kafka.clients.admin.AdminClient.create(properties)
    except Py4JJavaError as error:
        raise BrokerError(f"the Kafka client does not take its settings: {_root(error)}") from None
    try:
        names = set(admin.listTopics().names().get(TIMEOUT_S, jvm.java.util.concurrent.TimeUnit.SECONDS))
        replicas = _replicas(jvm, admin, [topic for topic in topics if topic in names])
    except Py4JJavaError as error:
        raise BrokerError(
            f"Kafka does not answer at {settings.bootstrap_servers} ({_root(error)}): is it up, and are the address and the security settings right?"
        ) from error
    finally:
        admin.close(jvm.java.time.Duration.ofSeconds(1))
    missing = [topic for topic in topics if topic not in names]
    if missing:
        user = settings.kafka_security.username
        hidden = f", or the user {user!r} has no right on it" if user else ""
        raise BrokerError(
            f"Kafka at {settings.bootstrap_servers} has no topic {' and no topic '.join(missing)}{hidden}: create them first"
        )
    few = [f"{topic} has {count}" for topic, count in replicas.items() if count < settings.min_copies]
    if few:
        raise BrokerError(
            f"Kafka at {settings.bootstrap_servers} keeps fewer than {settings.min_copies} replicas: {', '.join(few)}"
        )


def _replicas(jvm: Any, admin: Any, topics: list[str]) -> dict[str, int]:
    """Return the smallest number of replicas of any partition, by topic."""
    asked = admin.describeTopics(jvm.java.util.ArrayList(topics)).allTopicNames()
    described = asked.get(TIMEOUT_S, jvm.java.util.concurrent.TimeUnit.SECONDS)
    return {
        topic: min(partition.replicas().size() for partition in description.partitions())
        for topic, description in described.items()
    }


def check_tables(spark: SparkSession, settings: AggregatorSettings) -> None:
    """Raise StoreError unless Cassandra answers, the tables exist, that of candles has all columns, and there are enough copies."""
    for table in (trades.TABLE, candles.TABLE, revisions.TABLE, session_record.TABLE):
        try:
            rows = spark.read.format("org.apache.spark.sql.cassandra").options(**table_options(settings, table)).load()
        except (Py4JError, PySparkException) as error:
            raise _store_error(error, settings, table) from error
        wanted = (*VALUES, candles.KNOWN_AT) if table == candles.TABLE else ()
        if missing := [name for name in wanted if name not in rows.columns]:
            raise SchemaMissingError(
                f"the table {settings.keyspace}.{table} has no column {missing[0]}: apply the schema first"
            )
    if settings.min_copies > 1:
        with connected(spark, settings) as cql:
            copies = cql.copies(settings.local_dc)
        if copies < settings.min_copies:
            raise StoreError(
                f"Cassandra keeps {copies} copies of the keyspace {settings.keyspace!r} in {settings.local_dc}, fewer than {settings.min_copies}"
            )


def _store_error(error: Exception, settings: AggregatorSettings, table: str) -> StoreError:
    text = str(error)
    hosts = f"{','.join(settings.cassandra_hosts)}:{settings.cassandra_port}"
    if "Couldn't find" in text or "NoSuchElement" in text or "not found" in text.lower():
        return SchemaMissingError(
            f"Cassandra at {hosts} has no table {settings.keyspace}.{table}: apply the schema first"
        )
    reason = _root(error) if isinstance(error, Py4JJavaError) else text.splitlines()[0][:300]
    return StoreError(
        f"Cassandra does not answer at {hosts} as data centre {settings.local_dc!r} ({reason}): "
        "is it up, and are the address, the data centre and the security settings right?"
    )


def _root(error: Py4JJavaError) -> str:
    """Return the deepest cause in one line, with its kind: the causes above repeat it with more words."""
    cause = error.java_exception
    while (nested := _of_first_node(cause) or cause.getCause()) is not None:
        cause = nested
    # The text of a certificate that has ended is only its date.
    kind, lines = cause.getClass().getSimpleName(), (cause.getMessage() or "").splitlines()
    return f"{kind}: {lines[0]}"[:300] if lines else str(kind)


def _of_first_node(error: Any) -> Any:
    """Return why the first node could not be used, None for an error that is not about nodes. The driver lists these reasons and has no cause."""
    if error.getClass().getSimpleName() != "AllNodesFailedException":
        return None
    return next(iter(error.getAllErrors().values()))[0]
