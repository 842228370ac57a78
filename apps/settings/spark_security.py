"""The security settings of Spark's clients: the same settings as those of the Python clients."""

from adapters.spark.security_settings import CassandraSecurity, Certificates, KafkaSecurity

from .options import CassandraOptions, KafkaOptions


def spark_kafka_security(options: KafkaOptions) -> KafkaSecurity:
    """Return how Spark's Kafka source protects its connections. Raise ValueError on values that Java's client does not take."""
    security = options.adapter().security
    return KafkaSecurity(
        protocol=security.protocol,
        certificates=Certificates(ca_file=security.ca_file, cert_file=security.cert_file, key_file=security.key_file),
        sasl_mechanism=security.sasl_mechanism,
        username=security.username,
        password=security.password,
    )


def spark_cassandra_security(options: CassandraOptions) -> CassandraSecurity:
    """Return how the Cassandra connector protects its connections. Raise ValueError on wrong values."""
    settings = options.adapter()
    return CassandraSecurity(
        tls=settings.tls,
        certificates=Certificates(ca_file=settings.ca_file, cert_file=settings.cert_file, key_file=settings.key_file),
        username=settings.username,
        password=settings.password,
    )
