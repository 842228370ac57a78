"""How to reach Cassandra, and how to use it. Every default works for the dev stack."""

import re
from collections.abc import Iterable
from typing import Final

import attrs

_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,47}", re.ASCII)
CONSISTENCIES: Final = ("ONE", "LOCAL_ONE", "TWO", "THREE", "QUORUM", "LOCAL_QUORUM", "EACH_QUORUM", "ALL")


def _identifier(_instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(
            f"{attribute.name}: a keyspace's name is 1 to 48 lower case letters, digits and underscores, beginning with a letter"
        )


def _hosts(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError("hosts: several names, such as ('127.0.0.1',), not one text")
    return tuple(value)


@attrs.frozen(kw_only=True)
class CassandraSettings:
    """Contact points, keyspace, consistency and limits. Raises ValueError on values that cannot be right."""

    hosts: tuple[str, ...] = attrs.field(
        default=("127.0.0.1",), converter=_hosts, validator=attrs.validators.min_len(1)
    )
    """Contact points; the driver finds the other nodes by itself."""
    port: int = attrs.field(
        default=9042, validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(65535))
    )
    keyspace: str = attrs.field(default="tapeline", validator=_identifier)
    local_dc: str = attrs.field(default="dc1", validator=attrs.validators.min_len(1))
    """The data centre to talk to; the others are only used by replication."""
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
    consistency: str = attrs.field(default="LOCAL_QUORUM", validator=attrs.validators.in_(CONSISTENCIES))
    request_timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    """How long one request may take, retries included."""
    connect_timeout_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    """How long `start` may take until it gives up."""
    max_in_flight: int = attrs.field(default=128, validator=attrs.validators.ge(1))
    """Requests of one write that are under way at once."""
    batch_rows: int = attrs.field(
        default=50, validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(1000))
    )
    """Rows of one partition that share a request."""
    page_rows: int = attrs.field(default=5000, validator=attrs.validators.ge(1))
    """Rows that a read fetches at once."""

    def __attrs_post_init__(self) -> None:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file: a client certificate needs both")
        if not self.tls and (self.ca_file or self.cert_file):
            raise ValueError("tls: certificates are given, but TLS is off")
