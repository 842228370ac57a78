"""Passwords changed at the servers, as an administrator rotates them, and rights on the topics and tables of one test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but its type hints do not say so
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.acls import ensure_acls
from adapters.kafka.settings import KafkaSettings
from tests.support.timeouts import TIMEOUT_S


def change_kafka_password(admin: KafkaSettings, user: str, password: str) -> None:
    """Give a user of Kafka another password."""
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    changes: list[UserScramCredentialAlteration] = [UserScramCredentialUpsertion(user, info, password.encode())]
    client = AdminClient(admin.client())  # its answers end with it
    client.alter_user_scram_credentials(changes)[user].result(TIMEOUT_S)


def change_cassandra_password(admin: CassandraSettings, role: str, password: str) -> None:
    """Give a role of Cassandra another password."""
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
    """Grant the rights of the table on the topics of these settings, and delete them after the block."""
    ensure_acls(admin)
    try:
        yield
    finally:
        client = AdminClient(admin.client())
        for topic in admin.topics:
            of_topic = AclBindingFilter(
                ResourceType.TOPIC,
                topic,
                ResourcePatternType.LITERAL,
                None,  # type: ignore[arg-type] # None is any, which its type hints do not say
                None,  # type: ignore[arg-type]
                AclOperation.ANY,
                AclPermissionType.ANY,
            )
            for deleted in client.delete_acls([of_topic]).values():
                deleted.result(TIMEOUT_S)
