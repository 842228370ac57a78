"""How to connect to Cassandra and how to use it. Every default works for the dev stack."""

import re
from collections.abc import Iterable
from typing import Final

import attrs

_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,47}", re.ASCII)
CONSISTENCIES: Final = ("ONE", "LOCAL_ONE", "TWO", "THREE", "QUORUM", "LOCAL_QUORUM", "EACH_QUORUM", "ALL")


def _identifier(_instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(
            f"{attribute.name}: a keyspace name has 1 to 48 lower-case letters, digits and underscores, and begins with a letter"
        )


def _hosts(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError("hosts: several names, such as ('127.0.0.1',), not one text")
    return tuple(value)


@attrs.frozen(kw_only=True)
class CassandraSettings:
    """Contact points, keyspace, security, consistency and limits. Raise ValueError on invalid values."""

    hosts: tuple[str, ...] = attrs.field(
        default=("127.0.0.1",), converter=_hosts, validator=attrs.validators.min_len(1)
    )
    """Contact points; the driver discovers the other nodes."""
    port: int = attrs.field(
        default=9042, validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(65535))
    )
    keyspace: str = attrs.field(default="tapeline", validator=_identifier)
    local_dc: str = attrs.field(default="dc1", validator=attrs.validators.min_len(1))
    """The data centre whose nodes serve the requests; the others only receive replicas."""
    username: str = ""
    """Empty if the server asks for no password."""
    password: str = attrs.field(default="", repr=False)
    tls: bool = False
    ca_file: str = ""
    """PEM file of the authority that signs the certificates of the nodes; empty for the authorities of the system."""
    cert_file: str = ""
    """PEM file of the client certificate and its chain; empty if the server asks for none."""
    key_file: str = ""
    """PEM file of the private key of the client certificate."""
    tls_server_name: str = ""
    """The name that the certificate of every node has to have; empty for the address of the node."""
    min_copies: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    """A keyspace with fewer copies of each row than this, in `local_dc`, is refused by `start`."""
    consistency: str = attrs.field(default="LOCAL_QUORUM", validator=attrs.validators.in_(CONSISTENCIES))
    request_timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    """The limit of one request, in seconds, including retries."""
    connect_timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    """The limit of `start`, in seconds."""
    max_in_flight: int = attrs.field(default=128, validator=attrs.validators.ge(1))
    """The maximum number of concurrent requests of one write."""
    batch_rows: int = attrs.field(
        default=50, validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(1000))
    )
    """The maximum number of rows of one partition in a request."""
    page_rows: int = attrs.field(default=5000, validator=attrs.validators.ge(1))
    """The number of rows in a page of a read."""

    def __attrs_post_init__(self) -> None:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file: a client certificate needs both")
        if not self.tls and (self.ca_file or self.cert_file):
            raise ValueError("tls: certificates are given, but TLS is off")
        if not self.tls and self.tls_server_name:
            raise ValueError("tls: a server name is given, but TLS is off")
        if self.password and not self.username:
            raise ValueError("username: a password is given, but no user")
