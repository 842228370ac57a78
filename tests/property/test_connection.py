"""Frames as RFC 6455, section 5.2 has them, cut into pieces anywhere: the messages come out whole and in order."""

import contextlib
import itertools
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import websocket
from hypothesis import given
from hypothesis import strategies as st

from adapters.finnhub.connection import Connection, ConnectionLost
from tests.support.timeouts import TIMEOUT_S, scaled

LIMIT = 70_000
TEXT, BINARY, CONTINUED, PING = 1, 2, 0, 9


def wire_frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    size = len(payload)
    length = (
        bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65_536 else b"\x7f" + size.to_bytes(8)
    )
    return bytes([opcode | (0x80 if final else 0)]) + length + payload


payloads = st.sampled_from([0, 1, 2, 125, 126, 127, 300, 4_000, 65_535, 65_536]).flatmap(
    lambda size: st.integers(0, 255).map(lambda byte: bytes([byte]) * size)
)
plain = st.tuples(st.sampled_from([TEXT, BINARY]), payloads).map(lambda m: (wire_frame(*m), [m[1]]))
pings = st.just((wire_frame(PING, b"ping"), list[bytes]()))
in_fragments = (
    st.tuples(payloads, payloads, st.booleans())
    .map(
        lambda m: (
            wire_frame(TEXT, m[0], final=False)
            + (wire_frame(PING, b"") if m[2] else b"")
            + wire_frame(CONTINUED, m[1]),
            [m[0] + m[1]] if len(m[0] + m[1]) <= LIMIT else [],
        )
    )
    .filter(lambda m: bool(m[1]))
)
messages = st.lists(plain | plain | pings | in_fragments, max_size=8)


@contextmanager
def pair() -> Iterator[tuple[socket.socket, Connection]]:
    ours, theirs = socket.socketpair()
    connection = connected(ours)
    try:
        yield theirs, connection
    finally:
        connection.close()
        theirs.close()


def connected(sock: socket.socket) -> Connection:
    ws = websocket.WebSocket(skip_utf8_validation=True)
    ws.sock, ws.connected = sock, True
    return Connection(ws, send_timeout_s=5.0, max_message_bytes=LIMIT)


def tls_pair() -> tuple[ssl.SSLSocket, ssl.SSLSocket]:
    """Two ends that trust each other without a certificate; ours is the first."""
    sockets = socket.socketpair()
    ends: dict[bool, ssl.SSLSocket] = {}

    def shake_hands(is_server: bool) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
        ends[is_server] = context.wrap_socket(sockets[is_server], server_side=is_server)

    serving = threading.Thread(target=shake_hands, args=(True,))
    serving.start()
    shake_hands(False)
    serving.join()
    return ends[False], ends[True]


def received(connection: Connection) -> list[bytes]:
    found = []
    while True:
        connection.heard = False
        payload = connection.receive(0)
        if payload is not None:
            found.append(payload)
        elif not connection.heard:
            return found


@given(messages, st.lists(st.integers(0, 300_000), max_size=6))
def test_messages_come_out_whole_wherever_the_stream_is_cut(
    sent: list[tuple[bytes, list[bytes]]], cuts: list[int]
) -> None:
    stream = b"".join(wire for wire, _ in sent)
    marks = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    found: list[bytes] = []
    with pair() as (peer, connection):
        for begin, end in itertools.pairwise(marks):
            # Small enough to go without a reader.
            for at in range(begin, end, 32_768):
                peer.sendall(stream[at : min(end, at + 32_768)])
                found += received(connection)
    assert found == [payload for _, payloads_ in sent for payload in payloads_]


def test_it_does_not_matter_where_a_stream_is_cut_in_two() -> None:
    stream = b"".join(wire_frame(TEXT, bytes([size % 256]) * size) for size in (3, 130, 0, 200, 1))
    for cut in range(1, len(stream)):
        with pair() as (peer, connection):
            found = []
            for piece in (stream[:cut], stream[cut:]):
                peer.sendall(piece)
                found += received(connection)
        assert [len(payload) for payload in found] == [3, 130, 0, 200, 1], cut


@pytest.mark.parametrize("size", [LIMIT + 1, 10_000_000])
def test_a_frame_over_the_limit_ends_the_connection(size: int) -> None:
    with pair() as (peer, connection):
        peer.sendall(wire_frame(TEXT, b"first") + b"\x81\x7f" + size.to_bytes(8))
        assert connection.receive(0) == b"first"
        with pytest.raises(ConnectionLost):
            connection.receive(0)


def test_a_short_limit_holds_for_what_lies_in_memory_already() -> None:
    ours, theirs = socket.socketpair()
    ws = websocket.WebSocket(skip_utf8_validation=True)
    ws.sock, ws.connected = ours, True
    connection = Connection(ws, send_timeout_s=5.0, max_message_bytes=10)
    theirs.sendall(wire_frame(TEXT, b"first") + wire_frame(TEXT, b"too long for it"))
    assert connection.receive(0) == b"first"
    with pytest.raises(ConnectionLost):
        connection.receive(0)
    connection.close()
    theirs.close()


@pytest.mark.parametrize("between", [b"", wire_frame(PING, b"")])
def test_a_text_in_the_middle_of_a_message_in_fragments_is_a_breach(between: bytes) -> None:
    with pair() as (peer, connection):
        peer.sendall(wire_frame(TEXT, b"begun", final=False) + between + wire_frame(TEXT, b"another"))
        with pytest.raises(ConnectionLost):
            received(connection)


def awaited(connection: Connection, timeout_s: float) -> tuple[bytes | None, bool]:
    payload = connection.receive(timeout_s)
    return payload, connection.drained


def test_what_lies_there_already_was_not_waited_for() -> None:
    with pair() as (peer, connection):
        peer.sendall(b"".join(wire_frame(TEXT, bytes([number])) for number in range(3)))
        peer.sendall(wire_frame(TEXT, b"x" * 60_000, final=False) + wire_frame(CONTINUED, b"x"))
        assert [awaited(connection, 5.0)[1] for _ in range(4)] == [False] * 4


@pytest.mark.parametrize("before", [b"", b"\x81", wire_frame(PING, b""), wire_frame(TEXT, b"begun", final=False)])
def test_a_message_that_comes_during_the_wait_is_drained_and_one_that_came_with_it_is_not(before: bytes) -> None:
    whole = wire_frame(CONTINUED, b"") if before.endswith(b"begun") else wire_frame(TEXT, b"first")[len(before) == 1 :]
    with pair() as (peer, connection):
        peer.sendall(before)
        coming = threading.Timer(scaled(0.1), peer.sendall, [whole + wire_frame(TEXT, b"second")])
        coming.start()
        assert awaited(connection, TIMEOUT_S)[1] is True
        assert awaited(connection, TIMEOUT_S) == (b"second", False)
        coming.join()


def test_none_is_returned_only_when_nothing_is_there() -> None:
    with pair() as (peer, connection):
        peer.sendall(wire_frame(PING, b"") * 20 + wire_frame(TEXT, b"behind them"))
        assert awaited(connection, 0) == (b"behind them", False)
        assert awaited(connection, 0) == (None, True)


def test_a_flood_of_pings_ends_the_connection_and_does_not_block_the_reader() -> None:
    def drain(peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while peer.recv(65_536):
                pass

    with pair() as (peer, connection):
        peer.sendall(wire_frame(PING, b"") * 10_010)
        draining = threading.Thread(target=drain, args=(peer,))
        draining.start()
        with pytest.raises(ConnectionLost, match="flood"):
            connection.receive(0)
        connection.close()
        draining.join()


def test_what_tls_has_taken_from_the_socket_already_was_not_waited_for() -> None:
    ours, theirs = tls_pair()
    theirs.sendall(b"\n" + wire_frame(TEXT, b"first") + wire_frame(TEXT, b"second"))
    # As a handshake is read, byte by byte: the rest of the record is in the memory of TLS.
    assert ours.recv(1) == b"\n"
    connection = connected(ours)
    coming = threading.Timer(scaled(0.1), theirs.sendall, [wire_frame(TEXT, b"third")])
    try:
        assert awaited(connection, 5.0) == (b"first", False)
        assert awaited(connection, 5.0) == (b"second", False)
        coming.start()
        assert awaited(connection, TIMEOUT_S) == (b"third", True)
        coming.join()
    finally:
        connection.close()
        theirs.close()
