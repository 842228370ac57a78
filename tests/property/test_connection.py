"""Frames as RFC 6455, section 5.2 has them, cut into pieces anywhere: the messages come out whole and in order."""

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import websocket
from hypothesis import given
from hypothesis import strategies as st

from adapters.finnhub.connection import Connection, Lost

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
    ws = websocket.WebSocket(skip_utf8_validation=True)
    ws.sock, ws.connected = ours, True
    connection = Connection(ws, send_timeout_s=5.0, max_message_bytes=LIMIT)
    try:
        yield theirs, connection
    finally:
        connection.close()
        theirs.close()


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
        with pytest.raises(Lost):
            connection.receive(0)


def test_a_short_limit_holds_for_what_lies_in_memory_already() -> None:
    ours, theirs = socket.socketpair()
    ws = websocket.WebSocket(skip_utf8_validation=True)
    ws.sock, ws.connected = ours, True
    connection = Connection(ws, send_timeout_s=5.0, max_message_bytes=10)
    theirs.sendall(wire_frame(TEXT, b"first") + wire_frame(TEXT, b"too long for it"))
    assert connection.receive(0) == b"first"
    with pytest.raises(Lost):
        connection.receive(0)
    connection.close()
    theirs.close()


@pytest.mark.parametrize("between", [b"", wire_frame(PING, b"")])
def test_a_text_in_the_middle_of_a_message_in_fragments_is_a_breach(between: bytes) -> None:
    with pair() as (peer, connection):
        peer.sendall(wire_frame(TEXT, b"begun", final=False) + between + wire_frame(TEXT, b"another"))
        with pytest.raises(Lost):
            received(connection)
