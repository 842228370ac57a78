"""The previous release of the programs, with an environment of its own, for tests of an upgrade.

There is no tagged release yet. Until there is one, the previous release is the last commit before the checkpoint's layout `v2`: its schema has
three files, its lock has PySpark 3.5.7, and its modules have other names. Its code comes from the history of this checkout, and uv installs its
lock. A checkout without this commit (a shallow clone, an archive) skips the tests, see `needs`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

import attrs
import pytest

from devstack.servers.java import java_home

from .timeouts import TIMEOUT_S, scaled

ROOT: Final = Path(__file__).parents[2]
PREVIOUS: Final = "0dc07e2ea1db6a9792f1aaafc69e1a4b8454a87e"
INSTALL_S: Final = scaled(600)
"""How long an installation may take; it downloads PySpark if uv's cache does not have it."""


@attrs.frozen(kw_only=True)
class Release:
    """The programs of one version: the folder of their code, and the Python that runs them."""

    code: Path
    python: Path

    def command(self, module: str) -> list[str]:
        """Return the command that runs a module of this version; its working directory has to be `code`."""
        return [str(self.python), "-m", module]

    def variables(self) -> dict[str, str]:
        """Return the environment of its programs: that of the tests, with its own Python first on the path."""
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "JAVA_HOME": str(java_home())}

    def tapeline(self, *arguments: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the command `tapeline` to its end."""
        return subprocess.run(
            [*self.command("apps.cli"), *arguments],
            cwd=self.code,
            env={**self.variables(), **variables},
            capture_output=True,
            text=True,
            timeout=2 * TIMEOUT_S,
            check=False,
        )


THIS: Final = Release(code=ROOT, python=Path(sys.executable))


def is_in_history() -> bool:
    """Return whether this checkout has the code of the previous release."""
    try:
        return _git("cat-file", "-e", f"{PREVIOUS}^{{tree}}").returncode == 0
    except FileNotFoundError:
        return False


def install(folder: Path) -> Release:
    """Install the previous release and Spark's connectors. Raise AssertionError with the output of a command that fails."""
    with tarfile.open(fileobj=BytesIO(_git("archive", PREVIOUS).stdout)) as files:
        files.extractall(folder, filter="data")
    release = Release(code=folder, python=folder / ".venv" / "bin" / "python")
    uv = [sys.executable, "-m", "uv", "sync", "--frozen", "--no-dev", "--all-extras"]
    for command in (uv, [*release.command("devstack"), "fetch", "spark"]):
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(release.python.parents[1])},
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    return release


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


@pytest.fixture(scope="session")
def previous_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The previous release, installed."""
    return install(tmp_path_factory.mktemp("previous"))
