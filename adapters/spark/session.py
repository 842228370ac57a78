"""The Spark session of all queries, with the options of Spark and its connectors.

- What the user sets (spark-submit's `--master` and `--conf`, a properties file) wins, except where an exact result depends on an option.
- spark-submit starts the JVM before it reads the program; otherwise PySpark starts the JVM here. Both lead to the same session: the system properties
  of the driver are set when its JVM runs, those of executors by their options.
- Secrets are set last, when the JVM runs. Before, they would be on its command line, which every user of the machine can read.
"""

import os
import re
from typing import Any, Final

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from ports.errors import PortError

from .connector import connector_options
from .key_stores import make_key_stores
from .partitions import EXTENSIONS
from .settings import AggregatorSettings

JAVA_PROPERTIES: Final = {
    # Upserts of absolute values are idempotent, but by default the driver does not retry a batch of them.
    "datastax-java-driver.basic.request.default-idempotence": "true",
    # By default the connector does not verify host names.
    "datastax-java-driver.advanced.ssl-engine-factory.hostname-validation": "true",
}

_REQUIRED: Final = {
    "spark.sql.session.timeZone": "UTC",
    # A number that does not fit its type makes a record invalid; it must not fail the query.
    "spark.sql.ansi.enabled": "false",
    # `decimals.ratio` relies on the types that result from this.
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    # If this is on, a trade is late one micro-batch later than by the rule of domain.windower.
    "spark.sql.streaming.statefulOperator.allowMultiple": "false",
}

STATE_STORE: Final = "spark.sql.streaming.stateStore.providerClass"
_PROVIDERS: Final = "org.apache.spark.sql.execution.streaming.state"
ON_HEAP: Final = f"{_PROVIDERS}.HDFSBackedStateStoreProvider"
ROCKSDB: Final = f"{_PROVIDERS}.RocksDBStateStoreProvider"

_LOCAL_SECURITY: Final = {
    # The RPC of a local session stays in one process, but its ports are open to other users of the machine. Spark makes the secret of a local session.
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    # Shuffle files and spills.
    "spark.io.encryption.enabled": "true",
}
"""Set for a local session whose connections to Kafka or Cassandra are protected. A cluster needs a secret that its operator distributes."""

_LOOPBACK: Final = "127.0.0.1"
_UI_ADDRESS: Final = "SPARK_LOCAL_IP"
"""The environment variable that names the address of Spark's UI: no option of Spark does. Without it the UI listens on all addresses."""

_DEFAULTS: Final = {
    "spark.master": "local[*]",
    "spark.driver.memory": "1g",
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    "spark.sql.streaming.stateStore.rocksdb.boundedMemoryUsage": "true",
    "spark.sql.streaming.stateStore.rocksdb.trackTotalNumberOfRows": "false",
    # A micro-batch that hangs cannot be interrupted; without this, stopping its query waits forever.
    "spark.sql.streaming.stopTimeout": "10s",
    # The JMX exporter reads these metrics, if the driver runs with one.
    "spark.sql.streaming.metricsEnabled": "true",
    "spark.metrics.conf.driver.sink.jmx.class": "org.apache.spark.metrics.sink.JmxSink",
    "spark.ui.showConsoleProgress": "false",
    # Options that Spark does not show in plans, in its UI and in event logs: its own default, and the private key of Kafka's clients.
    "spark.redaction.regex": r"(?i)secret|password|token|access[.]?key|keystore[.]key",
    "spark.cassandra.output.batch.size.bytes": "16384",
    "spark.cassandra.output.batch.grouping.key": "partition",
    # A null must not become a tombstone.
    "spark.cassandra.output.ignoreNulls": "true",
    # For TLS. Java 17 does not support the ciphers of the connector's default.
    "spark.cassandra.connection.ssl.enabledAlgorithms": (
        "TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256,"
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,"
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    ),
}


class UiAddressError(PortError):
    """Spark's UI would be open to other machines."""


def spark_conf(settings: AggregatorSettings, name: str = "tapeline-aggregator") -> SparkConf:
    """Return the configuration of the session of the application `name`; it contains no secret."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        # Under spark-submit the JVM has the options of the user.
        SparkContext._ensure_initialized()  # noqa: SLF001 - there is no public way to reach the JVM before a context
    conf = SparkConf()
    conf.setIfMissing("spark.app.name", name)
    for option, value in _DEFAULTS.items():
        conf.setIfMissing(option, value)
    for option, value in _REQUIRED.items():
        conf.set(option, value)
    conf.set("spark.sql.shuffle.partitions", str(settings.shuffle_partitions))
    # A few windows for each symbol fit on the heap, and Spark 3.5 reopens RocksDB from the checkpoint in each micro-batch that aggregates. The state of
    # single trades is too large for a heap. An existing checkpoint keeps its state store, because Spark stores its name in the checkpoint.
    conf.setIfMissing(STATE_STORE, ROCKSDB if settings.deduplicate else ON_HEAP)
    options = "spark.executor.extraJavaOptions"
    properties = " ".join(f"-D{name}={value}" for name, value in JAVA_PROPERTIES.items())
    conf.set(options, f"{properties} {conf.get(options) or ''}".strip())
    extensions = "spark.sql.extensions"
    conf.set(extensions, ",".join(filter(None, (conf.get(extensions), EXTENSIONS))))
    if settings.ui:
        conf.set("spark.ui.enabled", "true")
    conf.setIfMissing("spark.ui.enabled", "false")
    if _is_local(conf):
        conf.set("spark.master", _retrying(str(conf.get("spark.master"))))
        # The address of the RPC port and of the block manager.
        conf.setIfMissing("spark.driver.bindAddress", _LOOPBACK)
        conf.setIfMissing("spark.driver.host", _LOOPBACK)
        if settings.kafka_security.has_tls or settings.cassandra_security.tls:
            for option, value in _LOCAL_SECURITY.items():
                conf.setIfMissing(option, value)
    return conf


def start_jvm(conf: SparkConf, settings: AggregatorSettings) -> None:
    """Start the JVM unless it runs, and set its system properties.

    Raise UiAddressError if the UI is wanted, and nothing says that it listens on loopback: spark-submit starts the JVM before it reads the
    program, and on a cluster the same variable would change the driver's own address.
    """
    if settings.ui and _is_local(conf):
        os.environ.setdefault(_UI_ADDRESS, _LOOPBACK)
    SparkContext._ensure_initialized(conf=conf)  # noqa: SLF001
    jvm: Any = SparkContext._jvm  # noqa: SLF001
    if settings.ui and not jvm.java.lang.System.getenv(_UI_ADDRESS):
        raise UiAddressError(
            f"Spark's UI would listen on all addresses, and it has no login: set the environment variable {_UI_ADDRESS}={_LOOPBACK}"
            " (and on a cluster spark.driver.host, the address at which executors reach the driver)"
        )
    for name, value in JAVA_PROPERTIES.items():
        jvm.java.lang.System.setProperty(name, value)
    # spark-submit logs at INFO until the session sets a level, with a line for each jar.
    jvm.org.apache.logging.log4j.core.config.Configurator.setRootLevel(jvm.org.apache.logging.log4j.Level.WARN)


def start_session(conf: SparkConf, settings: AggregatorSettings) -> SparkSession:
    """Start the session, on the JVM that `start_jvm` started. Raise PemError if a certificate cannot be used."""
    builder = SparkSession.builder.config(conf=conf)
    security = settings.cassandra_security
    stores = make_key_stores(security.certificates) if security.certificates.are_given else None
    for option, value in connector_options(security, stores).items():
        # On a cluster the user names key stores that exist on all machines.
        if not conf.contains(option):
            builder = builder.config(option, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("WARN")
    return session


def _is_local(conf: SparkConf) -> bool:
    return str(conf.get("spark.master")).startswith("local")


def _retrying(master: str) -> str:
    """Return the master with four attempts for each task, as on a cluster: by default a local master makes one."""
    match = re.fullmatch(r"local(?:\[([0-9*]+)\])?", master)
    return f"local[{match[1] or 1},4]" if match else master
