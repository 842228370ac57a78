"""Ports: a requested port is claimed or rejected, a default port moves up, and no two stacks share a port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.errors import DevstackError
from devstack.stack.ports import Claims, is_free
from tests.support.free_ports import free_port

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def claims() -> Iterator[Claims]:
    with Claims() as claims:
        yield claims


def test_a_requested_port_in_use_is_rejected_with_its_number_and_process(claims: Claims, taken: int) -> None:
    with pytest.raises(DevstackError, match=rf"port {taken} for kafka-1 is in use by .*pid {os.getpid()}"):
        claims.claim([HOST], taken, what="kafka-1")


def test_a_requested_free_port_is_claimed(claims: Claims) -> None:
    port = free_port()
    assert claims.claim([HOST], port, what="kafka-1") == port


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_number_that_is_not_a_port_is_rejected(claims: Claims, port: int) -> None:
    with pytest.raises(DevstackError, match="not a port"):
        claims.claim([HOST], port, what="kafka-1")


def test_a_default_port_in_use_moves_up(claims: Claims, taken: int) -> None:
    assert claims.next_free([HOST], taken, what="kafka-1") > taken


def test_a_port_must_be_free_on_every_address(claims: Claims) -> None:
    port = free_port(HOST, "127.0.0.2")
    with socket.create_server(("127.0.0.2", port)):
        assert is_free(HOST, port)
        with pytest.raises(DevstackError, match=str(port)):
            claims.claim([HOST, "127.0.0.2"], port, what="cassandra")


def test_two_starts_in_one_process_never_choose_the_same_port(claims: Claims) -> None:
    start = free_port()
    with Claims() as others:
        mine = claims.next_free([HOST], start, what="a")
        assert others.next_free([HOST], start, what="b") != mine


def test_a_released_port_is_free_again(claims: Claims) -> None:
    port = free_port()
    with Claims() as others:
        others.claim([HOST], port, what="a")
    assert claims.claim([HOST], port, what="b") == port


def test_a_claim_of_another_process_holds_until_that_process_ends(claims: Claims) -> None:
    port = free_port()
    program = (
        f"from devstack.stack.ports import Claims; Claims().claim(['{HOST}'], {port}, what='x'); print(1); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"1\n"
        with pytest.raises(DevstackError, match=str(port)):
            claims.claim([HOST], port, what="kafka-1")
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert claims.claim([HOST], port, what="kafka-1") == port


def test_a_reserved_port_is_reclaimed_by_its_own_stack_and_by_no_other(claims: Claims) -> None:
    port = free_port()
    with Claims.reserved([port]):
        assert claims.next_free([HOST], port, what="kafka-1") != port
        with pytest.raises(DevstackError, match="another stack"):
            claims.claim([HOST], port, what="kafka-1")
        claims.reclaim([(HOST, port)], what="a server that has to restart on it")
    claims.close()
    assert claims.claim([HOST], port, what="kafka-1") == port


def test_a_port_reserved_by_another_process_is_protected_until_that_process_ends(claims: Claims) -> None:
    port = free_port()
    program = f"from devstack.stack.ports import Claims\nwith Claims.reserved([{port}]): print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"1\n"
        assert claims.next_free([HOST], port, what="kafka-1") != port
        claims.reclaim([(HOST, port)], what="a server that has to restart on it")
        claims.close()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert claims.claim([HOST], port, what="kafka-1") == port
