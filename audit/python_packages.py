"""The Python packages of uv.lock: advisories by pip-audit, and the bill of materials by cyclonedx-py.

pip-audit asks PyPI about each version. Where PyPI is a mirror that has no such answers, pip-audit reports "no known vulnerabilities" for packages
that it has skipped; so its JSON is read, and skipped packages count as not checked.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from .findings import Findings

_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
TIMEOUT_S: Final = 900


def export_requirements(folder: Path) -> Path:
    """Write what the program, its extras and the tests pin, with hashes, as requirements.txt. Return the file."""
    file = folder / "requirements.txt"
    _run("uv", "export", "--quiet", "--frozen", "--all-extras", "--no-emit-project", "--output-file", str(file))
    return file


def names(requirements: Path) -> list[str]:
    """Return the names of the packages in a requirements file, each once."""
    return list(dict.fromkeys(_PINNED.findall(requirements.read_text("utf-8"))))


def advisories(requirements: Path) -> Findings:
    """Ask the advisory service about each package of a requirements file."""
    arguments = ["--requirement", str(requirements), "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = _run("pip_audit", *arguments, check=False)
    return read_report(done.stdout, count=len(names(requirements)), error=done.stderr)


def read_report(report: str, *, count: int, error: str = "") -> Findings:
    """Return what a JSON report of pip-audit says about `count` packages. Without a report, none was checked."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = error.strip().splitlines() or ["no report"]
        return Findings(checked=0, not_checked=count, why=f"pip-audit: {lines[-1]}")
    skipped = [package["skip_reason"] for package in packages if "skip_reason" in package]
    problems = tuple(
        f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {', '.join(vulnerability['fix_versions']) or 'no version'}"
        for package in packages
        for vulnerability in package.get("vulns", ())
    )
    return Findings(
        checked=len(packages) - len(skipped),
        not_checked=len(skipped),
        why=f"{skipped[0]} (and the like)" if skipped else "",
        problems=problems,
    )


def write_bom(requirements: Path, file: Path) -> None:
    """Write the bill of materials. cyclonedx-py validates it."""
    options = ["--pyproject", "pyproject.toml", "--output-reproducible", "--spec-version", "1.6", "--validate"]
    _run("cyclonedx_py", "requirements", str(requirements), *options, "--output-file", str(file))


def _run(module: str, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(  # noqa: S603 - this interpreter, and tools of the lock
        command,
        check=check,
        text=True,
        timeout=TIMEOUT_S,
        stdout=subprocess.PIPE,
        stderr=None if check else subprocess.PIPE,
    )
