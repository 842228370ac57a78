"""How the queries protect their connections: values alone; `kafka_client` and `connector` make the options of Java's clients from them."""

from typing import Final

import attrs
from attrs.validators import in_

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")


@attrs.frozen(kw_only=True)
class Certificates:
    """PEM files. Raise ValueError unless a client certificate comes with its key."""

    ca_file: str = ""
    """The authority that signs the certificates of the servers; empty for those that Java trusts."""
    cert_file: str = ""
    """The client certificate and its chain; empty if the servers ask for none."""
    key_file: str = ""
    """The private key of the client certificate."""

    def __attrs_post_init__(self) -> None:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file: a client certificate needs both")

    @property
    def are_given(self) -> bool:
        """Whether there is any file."""
        return bool(self.ca_file or self.cert_file)


@attrs.frozen(kw_only=True)
class KafkaSecurity:
    """TLS and authentication to the brokers. Raise ValueError on values that contradict each other."""

    protocol: str = attrs.field(default="PLAINTEXT", validator=in_(PROTOCOLS))
    certificates: Certificates = attrs.field(factory=Certificates)
    sasl_mechanism: str = attrs.field(default="SCRAM-SHA-512", validator=in_(MECHANISMS))
    """Of the two SASL protocols alone. Another mechanism is set by properties of the client."""
    username: str = ""
    password: str = attrs.field(default="", repr=False)
    token_endpoint: str = ""
    """For OAUTHBEARER: the address at which the client, which `username` and `password` identify, gets a token by OpenID Connect. Without it, the
    token comes by other properties of the client. Java must trust the certificate of the endpoint."""
    token_scope: str = ""
    """What the token is asked for; empty for what the endpoint gives on its own."""

    def __attrs_post_init__(self) -> None:
        if self.certificates.are_given and not self.has_tls:
            raise ValueError(f"protocol: certificates are given, but {self.protocol} has no TLS")
        if (self.username or self.password or self.token_endpoint) and not self.has_sasl:
            raise ValueError(f"protocol: a login is given, but {self.protocol} has no SASL")
        if self.token_endpoint and self.sasl_mechanism != "OAUTHBEARER":
            raise ValueError(f"token_endpoint: {self.sasl_mechanism} takes no token, OAUTHBEARER does")

    @property
    def has_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol.endswith("SSL")

    @property
    def has_sasl(self) -> bool:
        """Whether the client gives a user name."""
        return self.protocol.startswith("SASL")


@attrs.frozen(kw_only=True)
class CassandraSecurity:
    """TLS and authentication to the nodes. Raise ValueError on values that contradict each other."""

    tls: bool = False
    certificates: Certificates = attrs.field(factory=Certificates)
    username: str = ""
    """Empty if Cassandra asks for no password."""
    password: str = attrs.field(default="", repr=False)

    def __attrs_post_init__(self) -> None:
        if self.certificates.are_given and not self.tls:
            raise ValueError("tls: certificates are given, but TLS is off")
        if self.password and not self.username:
            raise ValueError("username: a password is given, but no user")
