"""The driver's Cluster for the settings: its nodes, timeouts, security and retries.

- Only nodes of the named local data centre serve requests, the replicas of a row first.
- Each statement is a read or an upsert of absolute values, so each is idempotent and may be retried after a timeout.
- The version of the protocol is pinned and not negotiated. Version 5 needs Cassandra 4.0 or newer.
- After an outage the driver tries to reconnect to a node every few seconds, without end.
"""

from typing import Any, Final

from cassandra import ConsistencyLevel, ProtocolVersion
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import (
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import tuple_factory

from .settings import CassandraSettings
from .tls import client_context, socket_options

PROTOCOL_VERSION: Final = ProtocolVersion.V5
_RECONNECT_FIRST_S: Final = 0.5
_RECONNECT_MOST_S: Final = 5.0
_RETRIES: Final = 2


class IdempotentRetryPolicy(RetryPolicy):  # type: ignore[misc]  # the driver ships no types
    """The driver's own policy, but idempotent statements are retried up to two times after a timeout of the replicas."""

    def on_read_timeout(
        self, _query: Any, *, retry_num: int, consistency: int, **_info: object
    ) -> tuple[int, int | None]:
        """Retry the read on the same node."""
        return (self.RETRY, consistency) if retry_num < _RETRIES else (self.RETHROW, None)

    def on_write_timeout(
        self, query: Any, *, retry_num: int, consistency: int, **_info: object
    ) -> tuple[int, int | None]:
        """Retry the write on the same node, if it is idempotent."""
        again = getattr(query, "is_idempotent", False) and retry_num < _RETRIES
        return (self.RETRY, consistency) if again else (self.RETHROW, None)


def make_cluster(settings: CassandraSettings) -> Any:
    """Return a Cluster that is not connected yet. Raise StoreError if a certificate file cannot be used."""
    # Two connections to a host are made until the session is ready: the control connection and the pool.
    attempt_s = max(0.5, settings.connect_timeout_s / (2 * len(settings.hosts)))
    return Cluster(
        contact_points=list(settings.hosts),
        port=settings.port,
        protocol_version=PROTOCOL_VERSION,
        auth_provider=(
            PlainTextAuthProvider(username=settings.username, password=settings.password) if settings.username else None
        ),
        ssl_context=client_context(settings),
        ssl_options=socket_options(settings),
        execution_profiles={EXEC_PROFILE_DEFAULT: _profile(settings)},
        reconnection_policy=ExponentialReconnectionPolicy(_RECONNECT_FIRST_S, _RECONNECT_MOST_S),
        connect_timeout=attempt_s,
        control_connection_timeout=attempt_s,
    )


def _profile(settings: CassandraSettings) -> Any:
    return ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(local_dc=settings.local_dc)),
        retry_policy=IdempotentRetryPolicy(),
        consistency_level=ConsistencyLevel.name_to_value[settings.consistency],
        request_timeout=settings.request_timeout_s,
        row_factory=tuple_factory,
    )
