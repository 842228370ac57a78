"""Bytes on the wire: whatever a server sends, each call returns a bounded message, nothing, or the end of the connection."""

import itertools
import socket

import websocket
from hypothesis import given
from hypothesis import strategies as st

from adapters.finnhub.connection import Connection, ConnectionLost
from tests.support.timeouts import scaled

LIMIT = 200
MAX_WIRE_BYTES = 4_000
"""Fits into the buffer of a socket, so that one thread can send and then read."""

lengths = st.integers(0, LIMIT + 50) | st.sampled_from([125, 126, 127, 65_535, 65_536, 2**32, 2**63, 2**64 - 1])


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """One frame of RFC 6455, section 5.2, in which any bit may be wrong and the length may be a lie."""
    first = draw(st.sampled_from([0x81, 0x82, 0x01, 0x80, 0x00, 0x89, 0x8A, 0x88]) | st.integers(0, 255))
    payload = draw(st.binary(max_size=40) | st.integers(0, LIMIT + 20).map(lambda size: b"x" * size))
    length = draw(st.just(len(payload)) | lengths)
    form = draw(st.sampled_from(["short", "short", "two bytes", "eight bytes"]))
    mask = draw(st.sampled_from([0, 0, 0, 0x80]))
    if form == "short" and length < 126:
        header = bytes([first, mask | length])
    elif form == "two bytes" and length < 65_536:
        header = bytes([first, mask | 126]) + length.to_bytes(2)
    else:
        header = bytes([first, mask | 127]) + length.to_bytes(8)
    return header + payload


wires = (st.lists(frames(), max_size=8).map(b"".join) | st.binary(max_size=500)).map(lambda data: data[:MAX_WIRE_BYTES])


def received(pieces: list[bytes]) -> list[bytes]:
    """Return the messages of a connection that a server closes after these pieces."""
    ours, theirs = socket.socketpair()
    ws = websocket.WebSocket(skip_utf8_validation=True)
    ws.sock, ws.connected = ours, True
    connection = Connection(ws, send_timeout_s=scaled(5.0), max_message_bytes=LIMIT)
    messages: list[bytes] = []

    def take() -> None:
        message = connection.receive(0)
        if message is not None:
            messages.append(message)

    try:
        for piece in pieces:
            theirs.sendall(piece)
            take()
        theirs.shutdown(socket.SHUT_WR)
        # Each call takes a byte at least, and the end of the stream is an end of the connection.
        for _ in range(sum(map(len, pieces)) + 1):
            take()
    except ConnectionLost:
        return messages
    finally:
        connection.close()
        theirs.close()
    raise AssertionError("the connection did not end")


@given(wires)
def test_no_bytes_raise_anything_but_the_end_of_the_connection(wire: bytes) -> None:
    messages = received([wire])
    assert all(len(message) <= LIMIT for message in messages)
    assert sum(map(len, messages)) <= len(wire)


@given(wires, st.lists(st.integers(0, MAX_WIRE_BYTES), max_size=4))
def test_the_messages_are_the_same_however_the_bytes_are_cut(wire: bytes, cuts: list[int]) -> None:
    places = sorted({0, *(min(cut, len(wire)) for cut in cuts), len(wire)})
    pieces = [wire[start:end] for start, end in itertools.pairwise(places)]
    assert received(pieces) == received([wire])
