"""The settings of a secure Cassandra node.

- TLS for clients and between nodes, passwords, and roles that must be granted each right.
- The commit log is encrypted on disk. Cassandra 5.0 writes hints in clear, whatever is set.
- The audit log records logins, denied operations, and changes of tables, roles and rights. It does not record reads and writes, which are too many.
"""

from __future__ import annotations

from .disk_encryption import disk_encryption_settings
from .secrets import Secrets

_PEM = {"class_name": "org.apache.cassandra.security.PEMBasedSslContextFactory"}


def security_settings(secrets: Secrets, name: str) -> dict[str, object]:
    """Return the settings in cassandra.yaml of the node `name`."""
    stores: dict[str, object] = {
        "ssl_context_factory": _PEM,
        "keystore": str(secrets.key_and_certificate(name)),
        "truststore": str(secrets.ca_file),
    }
    return {
        "authenticator": {"class_name": "org.apache.cassandra.auth.PasswordAuthenticator"},
        "authorizer": {"class_name": "org.apache.cassandra.auth.CassandraAuthorizer"},
        "role_manager": {"class_name": "org.apache.cassandra.auth.CassandraRoleManager"},
        "client_encryption_options": {**stores, "enabled": True, "optional": False, "require_client_auth": False},
        "server_encryption_options": {
            **stores,
            "internode_encryption": "all",
            "optional": False,
            "require_client_auth": True,
            # Java verifies no names of clients, so a node that demands certificates from its peers would refuse them all.
            # The authority signs the certificates of this cluster alone.
            "require_endpoint_verification": False,
        },
        "transparent_data_encryption_options": disk_encryption_settings(
            secrets.disk_key_store(name), secrets.disk_password(name).read_text("utf-8")
        ),
        "audit_logging_options": {
            "enabled": True,
            "logger": [{"class_name": "FileAuditLogger"}],
            "included_categories": "AUTH,DCL,DDL",
        },
    }
