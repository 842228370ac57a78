"""How Spark's clients connect to Kafka and Cassandra: by the same settings as the Python clients."""

from typing import TypedDict

from adapters.spark.security_settings import CassandraSecurity, Certificates, KafkaSecurity

from .options import CassandraOptions, KafkaOptions


class SparkCassandra(TypedDict):
    """The fields of `AggregatorSettings` that say where Cassandra is, and how to connect."""

    cassandra_hosts: tuple[str, ...]
    cassandra_port: int
    keyspace: str
    local_dc: str
    cassandra_security: CassandraSecurity


def spark_kafka_security(options: KafkaOptions) -> KafkaSecurity:
    """Return how Spark's Kafka source protects its connections. Raise ValueError on values that Java's client does not take."""
    security = options.adapter().security
    return KafkaSecurity(
        protocol=security.protocol,
        certificates=Certificates(ca_file=security.ca_file, cert_file=security.cert_file, key_file=security.key_file),
        sasl_mechanism=security.sasl_mechanism,
        username=security.username,
        password=security.password,
        token_endpoint=security.token_endpoint,
        token_scope=security.token_scope,
    )


def spark_cassandra(options: CassandraOptions) -> SparkCassandra:
    """Return how the Cassandra connector connects. Raise ValueError on wrong values."""
    settings = options.adapter()
    return SparkCassandra(
        cassandra_hosts=options.hosts,
        cassandra_port=options.port,
        keyspace=options.keyspace,
        local_dc=options.local_dc,
        cassandra_security=CassandraSecurity(
            tls=settings.tls,
            certificates=Certificates(
                ca_file=settings.ca_file, cert_file=settings.cert_file, key_file=settings.key_file
            ),
            username=settings.username,
            password=settings.password,
        ),
    )
