"""A recorded server process: it is found again by pid and creation time, and it can always be stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import attrs
import psutil
import pytest

from devstack.stack import process
from devstack.stack.process import ServerProcess


def run(folder: Path, script: str) -> ServerProcess:
    return process.start(
        ["/bin/sh", "-c", script], folder=folder, log=folder / "log", environment={"PATH": "/usr/bin:/bin"}
    )


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[ServerProcess]:
    running = run(tmp_path, "exec sleep 100")
    yield running
    running.kill()


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[ServerProcess]:
    running = run(tmp_path, "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    while b"ready" not in (tmp_path / "log").read_bytes():
        pass
    yield running
    running.kill()


def test_a_started_process_is_alive_and_in_its_own_session(sleeper: ServerProcess) -> None:
    assert sleeper.alive
    assert psutil.Process(sleeper.pid).create_time() == sleeper.created
    assert os.getsid(sleeper.pid) == sleeper.pid


def test_another_process_with_the_same_pid_is_not_signalled(sleeper: ServerProcess) -> None:
    stranger = attrs.evolve(sleeper, created=sleeper.created - 60)
    assert not stranger.alive
    stranger.kill()
    assert sleeper.alive


def test_stop_ends_a_process(sleeper: ServerProcess) -> None:
    sleeper.stop(grace_s=10)
    assert not sleeper.alive


def test_stop_lets_a_paused_process_handle_sigterm(tmp_path: Path) -> None:
    running = run(tmp_path, "trap 'echo bye; exit' TERM; echo ready; while :; do :; done")
    while b"ready" not in (tmp_path / "log").read_bytes():
        pass
    running.pause()
    running.stop(grace_s=10)
    assert not running.alive
    assert b"bye" in (tmp_path / "log").read_bytes()


def test_stop_kills_a_process_that_ignores_sigterm(stubborn: ServerProcess) -> None:
    stubborn.stop(grace_s=0.3)
    assert not stubborn.alive


def test_a_paused_process_is_paused_at_once_and_can_continue(sleeper: ServerProcess) -> None:
    sleeper.pause()
    seen = [sleeper.paused]
    sleeper.send(signal.SIGCONT)
    while seen[-1]:
        seen.append(sleeper.paused)
    assert seen[0]
    assert sleeper.alive


def test_a_second_stop_does_nothing(sleeper: ServerProcess) -> None:
    sleeper.stop(grace_s=10)
    sleeper.stop(grace_s=10)


def test_the_last_lines_of_a_log_exclude_stack_frames(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\njava.lang.Error: three\n\tat a.b(C.java:1)\n\n")
    assert process.last_lines(log, 2) == "two\njava.lang.Error: three"
    assert process.last_lines(tmp_path / "none") == ""
