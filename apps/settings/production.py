"""What the profile `production` refuses: connections in clear, missing or well-known passwords, and fewer than three copies."""

from collections.abc import Mapping
from typing import Final, Literal

from .options import CassandraOptions, KafkaOptions

Profile = Literal["dev", "production"]
PROFILE_HELP: Final = "production refuses connections in clear, well-known passwords and fewer than three copies"
MIN_COPIES: Final = 3
_WELL_KNOWN: Final = frozenset({"", "admin", "cassandra", "changeit", "changeme", "kafka", "password", "secret"})


def check_profile(
    profile: Profile,
    *,
    kafka: KafkaOptions | None = None,
    kafka_client: Mapping[str, str] | None = None,
    cassandra: CassandraOptions | None = None,
) -> None:
    """Raise ValueError, which names every reason, if the profile is production and the settings are not fit for it.

    A program whose Kafka clients are Spark's passes their properties, `kafka_client`, which replace `kafka.properties`.
    """
    if profile == "production":
        require_production(kafka=kafka, kafka_client=kafka_client, cassandra=cassandra)


def require_production(
    *,
    kafka: KafkaOptions | None = None,
    kafka_client: Mapping[str, str] | None = None,
    cassandra: CassandraOptions | None = None,
    data_centers: Mapping[str, int] | None = None,
) -> None:
    """Raise ValueError, which names every reason, unless these settings are fit for production."""
    reasons = [
        *([] if kafka is None else _kafka_reasons(_properties(kafka, kafka_client))),
        *([] if cassandra is None else _cassandra_reasons(cassandra)),
    ]
    reasons += [
        f"data centre {name} has {copies} copies, fewer than {MIN_COPIES}"
        for name, copies in (data_centers or {}).items()
        if copies < MIN_COPIES
    ]
    if reasons:
        raise ValueError(f"not fit for the profile production: {'; '.join(reasons)}")


def _properties(kafka: KafkaOptions, kafka_client: Mapping[str, str] | None) -> Mapping[str, object]:
    """Return the properties that protect the connections of librdkafka or, with `kafka_client`, of Java's client. Most names are the same."""
    settings = kafka.adapter()
    return settings.client() if kafka_client is None else {**settings.security.properties(), **kafka_client}


def _kafka_reasons(properties: Mapping[str, object]) -> list[str]:
    protocol = str(properties.get("security.protocol", "PLAINTEXT")).upper()
    if protocol not in {"SSL", "SASL_SSL"}:
        return [f"kafka.security_protocol is {protocol}, which sends everything in clear"]
    return [*_verification_reasons(properties), *_login_reasons(protocol, properties)]


def _verification_reasons(properties: Mapping[str, object]) -> list[str]:
    reasons = []
    if str(properties.get("enable.ssl.certificate.verification", "true")).lower() not in {"true", "t", "1"}:
        reasons.append("the certificates of brokers are not verified: enable.ssl.certificate.verification")
    if properties.get("ssl.endpoint.identification.algorithm", "https") != "https":
        reasons.append("the names of brokers are not verified: ssl.endpoint.identification.algorithm")
    return reasons


def _login_reasons(protocol: str, properties: Mapping[str, object]) -> list[str]:
    if protocol == "SSL":
        has_certificate = any(name.startswith(("ssl.certificate.", "ssl.keystore.")) for name in properties)
        return [] if has_certificate else ["kafka has neither a user nor a client certificate"]
    if properties.get("sasl.mechanism") == "OAUTHBEARER" or "sasl.jaas.config" in properties:
        return []
    return _password_reasons(
        "kafka.sasl", str(properties.get("sasl.username", "")), str(properties.get("sasl.password", ""))
    )


def _cassandra_reasons(options: CassandraOptions) -> list[str]:
    settings = options.adapter()
    clear = [] if settings.tls else ["cassandra.tls is off, which sends everything in clear"]
    return clear + _password_reasons("cassandra.", settings.username, settings.password)


def _password_reasons(prefix: str, username: str, password: str) -> list[str]:
    name = prefix.rstrip(".")
    if not username:
        return [f"{name} has no user name"]
    if password.lower() in _WELL_KNOWN or password == username:
        return [f"{name} has no password, or a well-known one, for the user {username!r}"]
    return []
