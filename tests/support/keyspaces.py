"""Settings for the real Cassandra of the tests, with a keyspace that no other test uses."""

import itertools
import os

import attrs

from adapters.cassandra.settings import CassandraSettings

_counter = itertools.count()


def fresh_settings(contact: tuple[list[str], int], **fields: object) -> CassandraSettings:
    """Return settings for a new keyspace name at these hosts and this port; the keyspace does not exist yet."""
    hosts, port = contact
    return fresh_keyspace(CassandraSettings(hosts=tuple(hosts), port=port), **fields)


def fresh_keyspace(settings: CassandraSettings, **fields: object) -> CassandraSettings:
    """Return these settings with a new keyspace name; the keyspace does not exist yet."""
    values: dict[str, object] = {
        "keyspace": f"t{os.getpid()}_{next(_counter)}",
        # A machine that runs all tests at once may stall for a while; that is not a failure.
        "request_timeout_s": 30.0,
        "connect_timeout_s": 60.0,
        **fields,
    }
    return attrs.evolve(settings, **values)  # type: ignore[arg-type]
