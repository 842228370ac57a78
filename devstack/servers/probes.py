"""Readiness checks over the protocols of Kafka and Cassandra, on a plain socket without a client library.

- Each check opens a connection and takes a few milliseconds. A server that is not ready is a result, not an error.
- Kafka: Metadata, version 1 (https://kafka.apache.org/protocol#The_Messages_Metadata).
- Cassandra: native protocol version 4, STARTUP and one QUERY (native_protocol_v4.spec in its sources).
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

TIMEOUT_S = 2.0


class _Reader:
    """Reads values from a response in order, big-endian."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(f">{form}", self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def skip(self, size: int) -> None:
        self._at += max(size, 0)

    def skip_string(self) -> None:
        self.skip(self.number("h"))


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError
        data += chunk
    return data


@contextmanager
def _connected(host: str, port: int, context: ssl.SSLContext | None) -> Iterator[socket.socket]:
    """Yield a connection, by TLS if there is a context."""
    with socket.create_connection((host, port), TIMEOUT_S) as connection:
        if context is None:
            yield connection
        else:
            with context.wrap_socket(connection, server_hostname=host) as secured:
                yield secured


def kafka_brokers(host: str, port: int, context: ssl.SSLContext | None = None) -> frozenset[int]:
    """Return the node ids of the cluster that the broker at `host`:`port` reports; empty without an answer or a controller."""
    body = struct.pack(">hhih8si", 3, 1, 1, 8, b"devstack", 0)
    try:
        with _connected(host, port, context) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            (size,) = struct.unpack(">i", _receive(connection, 4))
            reader = _Reader(_receive(connection, size))
        reader.skip(4)  # correlation id
        brokers = set()
        for _ in range(reader.number("i")):
            brokers.add(reader.number("i"))
            reader.skip_string()  # host
            reader.skip(4)  # port
            reader.skip_string()  # rack
        controller = reader.number("i")
    except (OSError, struct.error):
        return frozenset()
    return frozenset(brokers) if controller >= 0 else frozenset()


def _cql(connection: socket.socket, opcode: int, body: bytes) -> tuple[int, bytes]:
    connection.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
    _, _, _, answer, size = struct.unpack(">BBhBi", _receive(connection, 9))
    return answer, _receive(connection, size)


@attrs.frozen(kw_only=True)
class Login:
    """How to log in to a secure node: with the first of these users, name and password, that it accepts."""

    context: ssl.SSLContext
    users: tuple[tuple[str, str], ...] = attrs.field(repr=False)


def cassandra_peers(host: str, port: int, login: Login | None = None) -> int | None:
    """Return the number of other nodes that the node at `host`:`port` knows; None when it does not answer CQL."""
    if login is None:
        return _peers(host, port, None, None)
    found = (_peers(host, port, login.context, user) for user in login.users)
    return next((peers for peers in found if peers is not None), None)


def _peers(host: str, port: int, context: ssl.SSLContext | None, user: tuple[str, str] | None) -> int | None:
    query = b"SELECT data_center FROM system.peers_v2"
    try:
        with _connected(host, port, context) as connection:
            ready, _ = _cql(connection, 0x01, b"\x00\x01\x00\x0bCQL_VERSION\x00\x053.0.0")
            if ready == 0x03 and user is not None:
                token = "\0".join(["", *user]).encode()
                ready, _ = _cql(connection, 0x0F, struct.pack(">i", len(token)) + token)
            if ready not in {0x02, 0x10}:
                return None
            result, body = _cql(connection, 0x07, struct.pack(">i", len(query)) + query + b"\x00\x01\x00")
        if result != 0x08:
            return None
        reader = _Reader(body)
        reader.skip(4 + 4)  # kind (rows), flags (one table for all columns)
        columns = reader.number("i")
        reader.skip_string()  # keyspace
        reader.skip_string()  # table
        for _ in range(columns):
            reader.skip_string()  # column name
            reader.skip(2)  # a type without parameters
        return reader.number("i")
    except (OSError, struct.error):
        return None
