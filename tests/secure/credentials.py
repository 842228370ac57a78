"""Passwords and ACLs changed at the servers, as an administrator does."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but its type hints do not say so
    AclBinding,
    AclBindingFilter,
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.acls import acls, ensure_acls
from adapters.kafka.settings import KafkaSettings
from tests.support.timeouts import TIMEOUT_S


def change_kafka_password(admin: KafkaSettings, user: str, password: str) -> None:
    """Change the password of a Kafka user."""
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    changes: list[UserScramCredentialAlteration] = [UserScramCredentialUpsertion(user, info, password.encode())]
    client = AdminClient(admin.client())  # its answers end with it
    client.alter_user_scram_credentials(changes)[user].result(TIMEOUT_S)


def change_cassandra_password(admin: CassandraSettings, role: str, password: str) -> None:
    """Change the password of a Cassandra role."""
    with CassandraSession(admin) as session:
        session.driver.execute(f"ALTER ROLE {role} WITH PASSWORD = '{password}'")
        session.driver.execute("TRUNCATE system_views.credentials_cache_keys")


def password_file(folder: Path, password: str) -> Path:
    """Write a password to a new file that only its owner can read."""
    file = folder / f"password-{len(list(folder.iterdir()))}"
    file.touch(mode=0o600)
    file.write_text(password)
    return file


@contextmanager
def granted_topics(admin: KafkaSettings) -> Iterator[None]:
    """Grant the rights of the table on the topics of these settings, and delete those ACLs after the block."""
    ensure_acls(admin)
    try:
        yield
    finally:
        delete_acls(admin, set(acls(admin)) - set(acls(KafkaSettings())))


def delete_acls(admin: KafkaSettings, bindings: Iterable[AclBinding]) -> None:
    """Delete exactly these ACLs. Fail if one did not exist."""
    exact = [
        AclBindingFilter(
            acl.restype,
            acl.name,
            acl.resource_pattern_type,
            acl.principal,
            acl.host,
            acl.operation,
            acl.permission_type,
        )
        for acl in bindings
    ]
    client = AdminClient(admin.client())  # its answers end with it
    for deleted in client.delete_acls(exact).values():
        assert len(deleted.result(TIMEOUT_S)) == 1
