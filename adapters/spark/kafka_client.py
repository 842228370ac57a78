"""The properties of Kafka's Java client, the same for sources, sinks and checks.

Certificates and keys travel within the properties, as PEM, so executors need no files. Kafka's client logs none of these values.
"""

from .pem import certificates_text, key_text
from .security_settings import KafkaSecurity
from .settings import AggregatorSettings

_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def client_properties(settings: AggregatorSettings) -> dict[str, str]:
    """Return the properties, which hold secrets; those that the user named win. Raise PemError if a certificate cannot be used."""
    return {
        **security_properties(settings.kafka_security),
        **settings.kafka_properties,
        "bootstrap.servers": settings.bootstrap_servers,
    }


def security_properties(security: KafkaSecurity) -> dict[str, str]:
    """Return the properties of TLS and SASL. Raise PemError if a certificate cannot be used."""
    if security.protocol == "PLAINTEXT":
        return {}
    properties = {"security.protocol": security.protocol}
    if security.has_tls:
        certificates = security.certificates
        properties["ssl.endpoint.identification.algorithm"] = "https"
        properties["ssl.enabled.protocols"] = "TLSv1.3,TLSv1.2"
        if certificates.ca_file:
            properties["ssl.truststore.type"] = "PEM"
            properties["ssl.truststore.certificates"] = certificates_text(certificates.ca_file)
        if certificates.cert_file:
            properties["ssl.keystore.type"] = "PEM"
            properties["ssl.keystore.certificate.chain"] = certificates_text(certificates.cert_file)
            properties["ssl.keystore.key"] = key_text(certificates.key_file)
    if security.has_sasl:
        module = _MODULES[security.sasl_mechanism]
        properties["sasl.mechanism"] = security.sasl_mechanism
        properties["sasl.jaas.config"] = (
            f"{module} required username={_quoted(security.username)} password={_quoted(security.password)};"
        )
    return properties


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
