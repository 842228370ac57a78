"""A second authority: servers of a secure stack get certificates of it, and their old ones again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from devstack.servers.secrets import Secrets, make_key_and_certificate
from devstack.stack import Stack

from .rotations import reconnect

HOST = "127.0.0.1"


class NewAuthority:
    """An authority that signs certificates for servers of a stack, and CA files in `folder` for the programs.

    As an operator would do it, the servers trust both authorities from the first exchange on, and a server restarts to present another certificate.
    """

    def __init__(self, stack: Stack, secrets: Secrets, folder: Path) -> None:
        self._stack = stack
        self._secrets = secrets
        self._authority = trustme.CA(organization_name="the next authority")
        self._before: dict[str, bytes] = {}
        old, new = secrets.ca_file.read_bytes(), self._authority.cert_pem.bytes()
        self.old_ca_file = _write(folder / "old-ca.pem", old)
        self.both_ca_file = _write(folder / "both-ca.pem", old + new)
        self.new_ca_file = _write(folder / "new-ca.pem", new)

    def certify(self, server: str, days: int = 365) -> None:
        """Restart a server with a certificate of the new authority that is valid for so many days."""
        file = self._secrets.key_and_certificate(server)
        self._before.setdefault(server, file.read_bytes())
        self._secrets.ca_file.write_bytes(self.both_ca_file.read_bytes())
        until = datetime.now(UTC) + timedelta(days=days)
        file.write_bytes(make_key_and_certificate(self._authority, server, HOST, until))
        reconnect(self._stack, server)

    def restore(self, server: str) -> None:
        """Restart a server with the certificate that it had before."""
        self._secrets.key_and_certificate(server).write_bytes(self._before.pop(server))
        if not self._before:
            self._secrets.ca_file.write_bytes(self.old_ca_file.read_bytes())
        reconnect(self._stack, server)

    def restore_all(self) -> None:
        """Restart each server that still has a certificate of this authority with its old one."""
        for server in list(self._before):
            self.restore(server)


def _write(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file
