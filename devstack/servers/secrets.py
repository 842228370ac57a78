"""The secrets of a secure stack: an authority, a certificate for each server, a password for each user.

- Everything is in one folder with mode 0700; keys and passwords have mode 0600. They are made once, and removed with the stack.
- The authority's own key is never written, so nobody can sign another certificate.
- A server's certificate names its address. That of a Cassandra node also names `localhost`: Java's driver looks up the name of 127.0.0.1.
  A client's certificate names its user as the common name.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    import trustme

ADMIN: Final = "admin"
PROGRAMS: Final = "programs"
"""The name of the certificate of the programs' metrics endpoints."""
KAFKA_USERS: Final = (ADMIN, "aggregator", "dlq", "monitoring", "producer", "reconcile", "report", "watchlist")
CASSANDRA_ROLES: Final = (ADMIN, "aggregator", "dashboard", "monitoring", "query", "reconcile", "report")
VALID_DAYS: Final = 365


@attrs.frozen(kw_only=True)
class Secrets:
    """The files in `folder`."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority, PEM."""
        return self.folder / "ca.pem"

    def key_and_certificate(self, name: str) -> Path:
        """Return the private key and the certificate of a server or of the administrator, in one PEM file."""
        return self.folder / f"{name}.pem"

    @property
    def kafka_client(self) -> Path:
        """The properties with which Kafka's own tools connect as the administrator."""
        return self.folder / "kafka-client.properties"

    def kafka_password(self, user: str) -> Path:
        """Return the file with the password of a Kafka user."""
        return self.folder / "kafka" / user

    def cassandra_password(self, role: str) -> Path:
        """Return the file with the password of a Cassandra role."""
        return self.folder / "cassandra" / role

    @property
    def metrics_token(self) -> Path:
        """The file with the token that the programs' metrics endpoints ask for."""
        return self.folder / "metrics" / "token"

    def disk_key_store(self, node: str) -> Path:
        """Return the key store with the key that a Cassandra node encrypts its files with."""
        return self.folder / "disk" / f"{node}.p12"

    def disk_password(self, node: str) -> Path:
        """Return the file with the password of that key store."""
        return self.folder / "disk" / node

    def make(self, servers: Mapping[str, str]) -> None:
        """Make everything for these servers, addresses by name, unless it was made before."""
        if self.ca_file.exists():
            return
        import trustme  # noqa: PLC0415 - only a secure stack needs it

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="tapeline dev stack")
        until = datetime.now(UTC) + timedelta(days=VALID_DAYS)
        for name, address in {**servers, ADMIN: f"{ADMIN}.invalid", PROGRAMS: "127.0.0.1"}.items():
            _write(self.key_and_certificate(name), make_key_and_certificate(authority, name, address, until))
        _write_passwords(map(self.kafka_password, KAFKA_USERS))
        _write_passwords(map(self.cassandra_password, CASSANDRA_ROLES))
        _write(self.kafka_client, self._kafka_client_properties().encode())
        _write_passwords([self.metrics_token])
        _write_passwords(self.disk_password(name) for name in servers if name.startswith("cassandra-"))
        # Last, because it says that all is made.
        _write(self.ca_file, authority.cert_pem.bytes())

    def _kafka_client_properties(self) -> str:
        password = self.kafka_password(ADMIN).read_text("utf-8")
        login = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{ADMIN}" password="{password}";'
        properties = {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": login,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca_file,
        }
        return "".join(f"{name}={value}\n" for name, value in properties.items())


def make_key_and_certificate(authority: trustme.CA, name: str, address: str, until: datetime) -> bytes:
    """Return a new private key and its certificate for the server or user `name`, in PEM."""
    also = ("localhost",) if name.startswith("cassandra-") else ()
    issued = authority.issue_cert(address, *also, common_name=name, not_after=until)
    chain = [part.bytes() for part in issued.cert_chain_pems]
    return b"".join([_pkcs8(issued.private_key_pem.bytes()), *chain])


def _write_passwords(files: Iterable[Path]) -> None:
    for file in files:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        _write(file, secrets.token_urlsafe(24).encode())


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


def _pkcs8(key: bytes) -> bytes:
    """Return a private key in the only PEM form that Java reads."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    return load_pem_private_key(key, password=None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
