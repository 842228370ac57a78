"""The properties of Kafka's Java client, the same for sources, sinks and checks.

Certificates and keys travel within the properties, as PEM, so executors need no files. Kafka's client logs none of these values.
"""

from typing import Final

from .pem import certificates_text, key_text
from .security_settings import KafkaSecurity
from .settings import AggregatorSettings

_SECURITY: Final = "org.apache.kafka.common.security"
_MODULES: Final = {
    "PLAIN": f"{_SECURITY}.plain.PlainLoginModule",
    "SCRAM-SHA-256": f"{_SECURITY}.scram.ScramLoginModule",
    "SCRAM-SHA-512": f"{_SECURITY}.scram.ScramLoginModule",
    "OAUTHBEARER": f"{_SECURITY}.oauthbearer.OAuthBearerLoginModule",
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
        properties |= {"sasl.mechanism": security.sasl_mechanism, **_login(security)}
    return properties


def _login(security: KafkaSecurity) -> dict[str, str]:
    if security.sasl_mechanism != "OAUTHBEARER":
        return {"sasl.jaas.config": _jaas_config(security, username=security.username, password=security.password)}
    if not security.token_endpoint:
        return {}
    scope = {"scope": security.token_scope} if security.token_scope else {}
    return {
        "sasl.jaas.config": _jaas_config(security, clientId=security.username, clientSecret=security.password, **scope),
        "sasl.login.callback.handler.class": f"{_SECURITY}.oauthbearer.OAuthBearerLoginCallbackHandler",
        "sasl.oauthbearer.token.endpoint.url": security.token_endpoint,
    }


def _jaas_config(security: KafkaSecurity, **options: str) -> str:
    given = [f"{name}={_quoted(value)}" for name, value in options.items()]
    return f"{' '.join([_MODULES[security.sasl_mechanism], 'required', *given])};"


def _quoted(text: str) -> str:
    # A line break would end the quotes, and the error would name the rest of the password.
    for character, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(character, escaped)
    return f'"{text}"'
