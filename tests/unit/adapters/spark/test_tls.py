"""A server that cannot prove who it is gets no password: neither from Kafka's client in Java, nor from the Cassandra connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from adapters.spark.connector import connector_options
from adapters.spark.key_stores import make_key_stores
from adapters.spark.preflight import check_tables, check_topics
from adapters.spark.security_settings import CassandraSecurity, Certificates, KafkaSecurity
from adapters.spark.session import JAVA_PROPERTIES, spark_conf
from adapters.spark.settings import AggregatorSettings
from ports.errors import BrokerError, StoreError
from tests.support.impostors import FLAWS, Flaw, Impostor, impostor

# Python warns of the old versions of TLS, which one server here speaks.
pytestmark = [pytest.mark.servers, pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")]

HUSH = "hush"


def kafka_at(server: Impostor) -> AggregatorSettings:
    return AggregatorSettings(
        bootstrap_servers=f"127.0.0.1:{server.port}",
        kafka_security=KafkaSecurity(
            protocol="SASL_SSL",
            certificates=Certificates(ca_file=str(server.ca_file)),
            username="aggregator",
            password=HUSH,
        ),
    )


KAFKA_WORDS = {
    "unknown authority": "unable to find valid certification path",
    "wrong host name": "No subject alternative names matching IP address 127.0.0.1",
    "expired certificate": "CertificateExpiredException",
    "certificate that is not valid yet": "CertificateNotYetValidException",
    "old TLS": "protocol_version",
    "no TLS": "SSL message",
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_kafkas_client_refuses_a_server_with(flaw: str, spark: SparkSession, tmp_path: Path) -> None:
    with impostor(FLAWS[flaw], tmp_path) as server:
        settings = kafka_at(server)
        with pytest.raises(BrokerError) as refused:
            check_topics(spark, settings, ["trades"])
    assert KAFKA_WORDS[flaw] in str(refused.value)
    assert HUSH not in str(refused.value)
    assert server.accepted == []


@pytest.mark.faults
def test_kafkas_client_trusts_a_server_without_a_flaw(spark: SparkSession, tmp_path: Path) -> None:
    with impostor(Flaw(), tmp_path) as server:
        settings = kafka_at(server)
        with pytest.raises(BrokerError, match="does not answer"):
            check_topics(spark, settings, ["trades"])
    assert set(server.accepted) == {"TLSv1.3"}


@contextmanager
def configured(spark: SparkSession, options: Mapping[str, str]) -> Iterator[None]:
    """Set these options of the session during the block, and the system properties of the JVM that the aggregator sets."""
    jvm: Any = spark.sparkContext._jvm
    for name, value in JAVA_PROPERTIES.items():
        jvm.java.lang.System.setProperty(name, value)
    for name, value in options.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in options:
            spark.conf.unset(name)


CONNECTOR_WORDS = {
    "unknown authority": "unable to find valid certification path",
    "wrong host name": "No subject alternative DNS name matching localhost",
    "expired certificate": "CertificateExpiredException",
    "certificate that is not valid yet": "CertificateNotYetValidException",
    "old TLS": "protocol_version",
    "no TLS": "not an SSL/TLS record",
}


@pytest.mark.faults
@pytest.mark.parametrize("flaw", FLAWS)
def test_the_connector_refuses_a_server_with(flaw: str, spark: SparkSession, tmp_path: Path) -> None:
    with impostor(FLAWS[flaw], tmp_path) as server:
        certificates = Certificates(ca_file=str(server.ca_file))
        security = CassandraSecurity(tls=True, certificates=certificates, username="aggregator", password=HUSH)
        options = connector_options(security, make_key_stores(certificates))
        ciphers = "spark.cassandra.connection.ssl.enabledAlgorithms"
        options[ciphers] = str(spark_conf(AggregatorSettings()).get(ciphers))
        with configured(spark, options), pytest.raises(StoreError) as refused:
            check_tables(spark, AggregatorSettings(cassandra_port=server.port, cassandra_security=security))
    assert CONNECTOR_WORDS[flaw] in str(refused.value)
    assert HUSH not in str(refused.value)
    assert server.accepted == []


@pytest.mark.faults
def test_clients_without_tls_end_at_a_port_with_tls(spark: SparkSession, tmp_path: Path) -> None:
    with impostor(Flaw(), tmp_path) as server:
        plain = AggregatorSettings(bootstrap_servers=f"127.0.0.1:{server.port}", cassandra_port=server.port)
        with pytest.raises(BrokerError, match=r"does not answer .* are the address and the security settings right"):
            check_topics(spark, plain, ["trades"])
        with pytest.raises(StoreError, match=r"does not answer .* and the security settings right"):
            check_tables(spark, plain)
    assert server.accepted == []
