"""The users of a secure stack that is up: Kafka's users with their passwords, and the superuser of Cassandra in place of `cassandra`.

- No password is on a command line: users of Kafka are made by the administrator's client, and not when the data folder is formatted.
- Users have no rights: `tapeline admin acls` and `tapeline admin roles` grant them. Doing it again changes nothing.
"""

from __future__ import annotations

import contextlib
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from devstack.errors import DevstackError
from devstack.servers.cassandra import FIRST_USER, CassandraNode
from devstack.servers.kafka import KafkaBroker
from devstack.servers.secrets import ADMIN, KAFKA_USERS, Secrets
from devstack.servers.server import Server

TIMEOUT_S: Final = 60.0
SCRAM_ITERATIONS: Final = 8192


def provision(servers: Sequence[Server], secrets: Secrets) -> None:
    """Make the users of the servers, which are all the servers of a stack.

    Raises:
        DevstackError: a server refused.

    """
    brokers = [server for server in servers if isinstance(server, KafkaBroker)]
    nodes = [server for server in servers if isinstance(server, CassandraNode)]
    if brokers:
        _make_kafka_users(brokers[0], secrets)
    if nodes:
        _replace_first_superuser(nodes, secrets)


def _make_kafka_users(broker: KafkaBroker, secrets: Secrets) -> None:
    from confluent_kafka import KafkaException  # noqa: PLC0415 - only a secure stack needs the clients
    from confluent_kafka.admin import (  # type: ignore[attr-defined]  # noqa: PLC0415 - exported, but its type hints do not say so
        AdminClient,
        ScramCredentialInfo,
        ScramMechanism,
        UserScramCredentialAlteration,
        UserScramCredentialUpsertion,
    )

    certificate = str(secrets.key_and_certificate(ADMIN))
    _, port = broker.inner_ports
    client = AdminClient(
        {
            "bootstrap.servers": f"{broker.host}:{port}",
            "security.protocol": "SSL",
            "ssl.ca.location": str(secrets.ca_file),
            "ssl.certificate.location": certificate,
            "ssl.key.location": certificate,
        }
    )
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS)
    changes: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, scram, secrets.kafka_password(user).read_bytes()) for user in KAFKA_USERS
    ]
    try:
        for done in client.alter_user_scram_credentials(changes, request_timeout=TIMEOUT_S).values():
            done.result(TIMEOUT_S)
    except (KafkaException, TimeoutError) as error:
        raise DevstackError(f"Kafka did not make its users: {error}") from error


def _replace_first_superuser(nodes: Sequence[CassandraNode], secrets: Secrets) -> None:
    name, password = ADMIN, secrets.cassandra_password(ADMIN).read_text("utf-8")
    try:
        with _session(nodes, secrets, *FIRST_USER) as session:
            if len(nodes) > 1:
                centers = Counter(node.data_center for node in nodes)
                copies = ", ".join(f"'{center}': {min(3, count)}" for center, count in centers.items())
                session.execute(
                    f"ALTER KEYSPACE system_auth WITH replication = {{'class': 'NetworkTopologyStrategy', {copies}}}"
                )
            session.execute(
                f"CREATE ROLE IF NOT EXISTS {name} WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = '{password}'"
            )
    except PermissionError:
        return  # an earlier start did it
    try:
        with _session(nodes, secrets, name, password) as session:
            session.execute(f"DROP ROLE IF EXISTS {FIRST_USER[0]}")
    except PermissionError as error:
        raise DevstackError("Cassandra does not accept its new superuser") from error


@contextlib.contextmanager
def _session(nodes: Sequence[CassandraNode], secrets: Secrets, name: str, password: str) -> Iterator[Any]:
    """Yield a session. Raise PermissionError if the name or the password is wrong, DevstackError if a node refuses otherwise."""
    from cassandra import AuthenticationFailed, DriverException  # noqa: PLC0415
    from cassandra.auth import PlainTextAuthProvider  # noqa: PLC0415
    from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable  # noqa: PLC0415
    from cassandra.policies import DCAwareRoundRobinPolicy  # noqa: PLC0415

    profile = ExecutionProfile(
        load_balancing_policy=DCAwareRoundRobinPolicy(nodes[0].data_center), request_timeout=TIMEOUT_S
    )
    cluster = Cluster(
        [node.host for node in nodes],
        port=nodes[0].port,
        protocol_version=5,
        ssl_context=ssl.create_default_context(cafile=str(secrets.ca_file)),
        auth_provider=PlainTextAuthProvider(name, password),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        connect_timeout=TIMEOUT_S,
    )
    try:
        session = cluster.connect()
    except NoHostAvailable as error:
        cluster.shutdown()
        if any(isinstance(cause, AuthenticationFailed) for cause in error.errors.values()):
            raise PermissionError from error
        raise DevstackError(f"Cassandra did not make its superuser: {error}") from error
    try:
        yield session
    except DriverException as error:
        raise DevstackError(f"Cassandra did not make its superuser: {type(error).__name__}") from error
    finally:
        cluster.shutdown()
