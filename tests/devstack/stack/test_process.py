"""A process that was written down: found again when it is ours, and ended for sure."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import attrs
import psutil
import pytest

from devstack.stack import process
from devstack.stack.process import Running


def run(folder: Path, script: str) -> Running:
    return process.start(
        ["/bin/sh", "-c", script], folder=folder, log=folder / "log", environment={"PATH": "/usr/bin:/bin"}
    )


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Running]:
    running = run(tmp_path, "exec sleep 100")
    yield running
    running.kill()


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[Running]:
    running = run(tmp_path, "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    while b"ready" not in (tmp_path / "log").read_bytes():
        pass
    yield running
    running.kill()


def test_a_started_process_is_alive_and_in_its_own_session(sleeper: Running) -> None:
    assert sleeper.alive
    assert psutil.Process(sleeper.pid).create_time() == sleeper.created
    assert os.getsid(sleeper.pid) == sleeper.pid


def test_a_process_that_has_its_pid_by_chance_is_left_alone(sleeper: Running) -> None:
    stranger = attrs.evolve(sleeper, created=sleeper.created - 60)
    assert not stranger.alive
    stranger.kill()
    assert sleeper.alive


def test_stop_ends_a_process(sleeper: Running) -> None:
    sleeper.stop(grace_s=10)
    assert not sleeper.alive


def test_stop_lets_a_paused_process_end_tidily(tmp_path: Path) -> None:
    running = run(tmp_path, "trap 'echo bye; exit' TERM; echo ready; while :; do :; done")
    while b"ready" not in (tmp_path / "log").read_bytes():
        pass
    running.pause()
    running.stop(grace_s=10)
    assert not running.alive
    assert b"bye" in (tmp_path / "log").read_bytes()


def test_stop_ends_by_force_what_does_not_listen(stubborn: Running) -> None:
    stubborn.stop(grace_s=0.3)
    assert not stubborn.alive


def test_a_paused_process_is_paused_at_once_and_can_go_on(sleeper: Running) -> None:
    sleeper.pause()
    seen = [sleeper.paused]
    sleeper.send(signal.SIGCONT)
    while seen[-1]:
        seen.append(sleeper.paused)
    assert seen[0]
    assert sleeper.alive


def test_stopping_twice_is_fine(sleeper: Running) -> None:
    sleeper.stop(grace_s=10)
    sleeper.stop(grace_s=10)


def test_the_last_lines_of_a_log_leave_out_stack_frames(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\njava.lang.Error: three\n\tat a.b(C.java:1)\n\n")
    assert process.last_lines(log, 2) == "two\njava.lang.Error: three"
    assert process.last_lines(tmp_path / "none") == ""
