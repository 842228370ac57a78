"""TLS and authentication to the brokers, as values, and the properties that librdkafka makes of them."""

from typing import Final
from urllib.parse import urlsplit

import attrs
from attrs.validators import in_

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_SSL")
"""SASL_PLAINTEXT is missing on purpose: everyone on the network could read the password."""
MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER")


@attrs.frozen(kw_only=True)
class KafkaSecurity:
    """How connections are protected. Raise ValueError on values that contradict each other."""

    protocol: str = attrs.field(default="PLAINTEXT", validator=in_(PROTOCOLS))
    ca_file: str = ""
    """PEM file of the authority that signs the certificates of the brokers; empty for the authorities of the system."""
    cert_file: str = ""
    """PEM file of the client certificate and its chain; empty if the brokers ask for none."""
    key_file: str = ""
    """PEM file of the private key of the client certificate."""
    sasl_mechanism: str = attrs.field(default="SCRAM-SHA-512", validator=in_(MECHANISMS))
    """With SASL_SSL alone."""
    username: str = ""
    password: str = attrs.field(default="", repr=False)
    token_endpoint: str = ""
    """For OAUTHBEARER: the address at which the client, which `username` and `password` identify, gets a token by OpenID Connect. Without it, the
    token comes by other properties of the client."""
    token_scope: str = ""
    """What the token is asked for; empty for what the endpoint gives on its own."""

    def __attrs_post_init__(self) -> None:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file: a client certificate needs both")
        if self.protocol == "PLAINTEXT" and (self.ca_file or self.cert_file):
            raise ValueError("security protocol: certificates are given, but PLAINTEXT has no TLS")
        if self.protocol != "SASL_SSL" and (self.username or self.password or self.token_endpoint):
            raise ValueError(f"security protocol: a login is given, but {self.protocol} has no SASL")
        if self.token_endpoint and self.sasl_mechanism != "OAUTHBEARER":
            raise ValueError(f"token endpoint: {self.sasl_mechanism} takes no token, OAUTHBEARER does")
        if self.token_scope and not self.token_endpoint:
            raise ValueError("token scope: there is no token endpoint to ask for it")
        if self.token_endpoint and not is_private(self.token_endpoint):
            raise ValueError("token endpoint: https:// is required, as http:// would send the password in clear")

    def properties(self) -> dict[str, str]:
        """Return librdkafka's properties, which hold the password; none for PLAINTEXT."""
        if self.protocol == "PLAINTEXT":
            return {}
        properties = {
            "security.protocol": self.protocol,
            # The name or address of a broker must be in its certificate.
            "ssl.endpoint.identification.algorithm": "https",
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.cert_file,
            "ssl.key.location": self.key_file,
        }
        if self.protocol == "SASL_SSL":
            properties |= {"sasl.mechanism": self.sasl_mechanism, **self._login()}
        return {name: value for name, value in properties.items() if value}

    def _login(self) -> dict[str, str]:
        if not self.token_endpoint:
            return {"sasl.username": self.username, "sasl.password": self.password}
        return {
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": self.token_endpoint,
            "sasl.oauthbearer.client.id": self.username,
            "sasl.oauthbearer.client.secret": self.password,
            "sasl.oauthbearer.scope": self.token_scope,
        }


def is_private(url: str) -> bool:
    """Return whether nobody else can read what is sent to this address: it has TLS, or is on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"})
