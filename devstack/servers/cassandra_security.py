"""The settings of a secure Cassandra node: TLS for clients and between nodes, passwords, and roles that must be granted each right."""

from __future__ import annotations

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
            "require_endpoint_verification": True,
        },
    }
