"""Ports: a given one is had or refused with its name, a default one moves up, and nobody shares one."""

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


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def test_a_given_port_in_use_is_refused_by_number_and_holder(claims: Claims, taken: int) -> None:
    with pytest.raises(DevstackError, match=rf"port {taken} for kafka-1 is in use by .*pid {os.getpid()}"):
        claims.given([HOST], taken, what="kafka-1")


def test_a_given_free_port_is_had(claims: Claims) -> None:
    port = free_port()
    assert claims.given([HOST], port, what="kafka-1") == port


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_a_number_that_is_no_port_is_refused(claims: Claims, port: int) -> None:
    with pytest.raises(DevstackError, match="no port"):
        claims.given([HOST], port, what="kafka-1")


def test_a_default_port_in_use_moves_up(claims: Claims, taken: int) -> None:
    assert claims.next_free([HOST], taken, what="kafka-1") > taken


def test_a_port_must_be_free_on_every_address(claims: Claims) -> None:
    with socket.create_server(("127.0.0.2", 0)) as server:
        port = server.getsockname()[1]
        assert is_free(HOST, port)
        with pytest.raises(DevstackError, match=str(port)):
            claims.given([HOST, "127.0.0.2"], port, what="cassandra")


def test_two_starts_in_one_process_never_choose_the_same_port(claims: Claims) -> None:
    start = free_port()
    with Claims() as others:
        mine = claims.next_free([HOST], start, what="a")
        assert others.next_free([HOST], start, what="b") != mine


def test_a_closed_claim_is_free_again(claims: Claims) -> None:
    port = free_port()
    with Claims() as others:
        others.given([HOST], port, what="a")
    assert claims.given([HOST], port, what="b") == port


def test_a_claim_of_another_process_holds_until_that_process_dies(claims: Claims) -> None:
    port = free_port()
    program = (
        f"from devstack.stack.ports import Claims; Claims().given(['{HOST}'], {port}, what='x'); print(1); input()"
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
            claims.given([HOST], port, what="kafka-1")
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert claims.given([HOST], port, what="kafka-1") == port


def test_what_is_kept_is_chosen_by_nobody_but_had_again_by_its_own_stack(claims: Claims) -> None:
    port = free_port()
    with Claims.kept([port]):
        assert claims.next_free([HOST], port, what="kafka-1") != port
        with pytest.raises(DevstackError, match="another stack"):
            claims.given([HOST], port, what="kafka-1")
        claims.again([(HOST, port)], what="a server that has to come back on it")
    claims.close()
    assert claims.given([HOST], port, what="kafka-1") == port


def test_what_another_process_keeps_is_left_alone_until_that_process_dies(claims: Claims) -> None:
    port = free_port()
    program = f"from devstack.stack.ports import Claims\nwith Claims.kept([{port}]): print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"1\n"
        assert claims.next_free([HOST], port, what="kafka-1") != port
        claims.again([(HOST, port)], what="a server that has to come back on it")
        claims.close()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert claims.given([HOST], port, what="kafka-1") == port
