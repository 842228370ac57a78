"""The command line: clear messages, exit codes, nothing left behind. Most tests need no server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.timeouts import TIMEOUT_S

ROOT = Path(__file__).parents[2]


def devstack(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "devstack", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def a_failing_java(folder: Path) -> str:
    """Create a JAVA_HOME whose java writes a line and fails."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text("#!/bin/sh\necho the disk is made of cheese\nexit 3\n")
    program.chmod(0o755)
    (folder / "release").write_text('JAVA_VERSION="17.0.0"\n')
    return str(folder)


@pytest.mark.parametrize(("option", "server"), [("--kafka-port", "kafka-1"), ("--cassandra-port", "cassandra")])
def test_a_requested_port_in_use_is_a_clear_error(tmp_path: Path, option: str, server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = devstack("up", "--home", tmp_path / "home", option, port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"devstack: port {port} for {server} is in use by ")
    assert str(os.getpid()) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home").exists()


def test_too_little_memory_is_a_clear_error(tmp_path: Path) -> None:
    done = devstack("up", "--home", tmp_path / "home", "--kafka-heap-mb", 100_000_000)
    assert done.returncode == 1
    assert "MiB are available" in done.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.servers
def test_a_server_that_ends_while_starting_shows_the_end_of_its_log(tmp_path: Path) -> None:
    java = a_failing_java(tmp_path / "java")
    done = devstack("up", "--home", tmp_path / "home", "--no-cassandra", JAVA_HOME=java)
    assert done.returncode == 1
    assert "kafka-1 ended during its start" in done.stderr
    assert "the disk is made of cheese" in done.stderr
    assert not (tmp_path / "home").exists()


def test_a_folder_that_is_not_a_stack_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    for command in ("up", "down"):
        done = devstack(command, "--home", tmp_path, "--name", "mine")
        assert done.returncode == 1
        assert "do not belong to a stack" in done.stderr
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_taking_down_a_stack_that_does_not_exist_succeeds(tmp_path: Path) -> None:
    assert devstack("down", "--home", tmp_path).returncode == 0
    assert devstack("status", "--home", tmp_path).returncode == 1
    assert devstack("logs", "--home", tmp_path).returncode == 1


@pytest.mark.parametrize("command", ["add-broker", "add-node"])
def test_a_stack_that_does_not_exist_cannot_grow(tmp_path: Path, command: str) -> None:
    done = devstack(command, "--home", tmp_path / "home")
    assert done.returncode == 1
    assert done.stderr.startswith("devstack: there is no stack 'default' in ")


@pytest.mark.parametrize("arguments", [("--name", "../x"), ("--brokers", "0"), ("--kafka-port", "70000")])
def test_options_out_of_range_are_rejected_with_a_message(tmp_path: Path, arguments: tuple[str, str]) -> None:
    done = devstack("up", "--home", tmp_path / "home", *arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("devstack: ")
    assert not (tmp_path / "home").exists()
