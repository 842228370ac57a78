"""Programs that some tests need and Python packages do not bring; the one rule for a machine that lacks them.

A test, a class or a module names its programs: `@pytest.mark.needs("promtool")`. Where one is missing, the test is skipped before its
fixtures start anything, and the run ends with one line a program: how many tests were skipped, and how to get it. Tests of Spark need the
package `pyspark`, which is not installed on Python 3.14; there, modules that import it are skipped. Tests of an upgrade need the history of the
repository (`HISTORY`). No test is skipped for another reason.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections import Counter
from collections.abc import Generator, Iterable
from typing import Final

import attrs
import pytest

from .releases import is_in_history

PROPERTY: Final = "missing program"
"""The name under which a skipped test's report carries what it lacks; reports travel from pytest-xdist's workers."""

PYSPARK: Final = "pyspark"
HISTORY: Final = "the code of the previous release"
_REMEDIES: Final = {
    PYSPARK: "PySpark 3.5 needs Python 3.11 to 3.13",
    HISTORY: "it comes from git: clone the repository with its whole history, or `git fetch --unshallow`",
}


@attrs.frozen
class Program:
    """A program by the names of its executable, the first of which is Debian's, and how to get it."""

    executables: tuple[str, ...]
    debian_package: str
    """Empty if Debian has none."""
    elsewhere: str
    needs_root: bool = False

    @property
    def remedy(self) -> str:
        """How to get it, for a person."""
        debian = (
            f"on Debian and Ubuntu `apt-get install {self.debian_package}`, elsewhere " if self.debian_package else ""
        )
        root = "; it runs as root alone" if self.needs_root else ""
        return f"{debian}{self.elsewhere}{root}"


_PROMETHEUS = "https://prometheus.io/download"
_CHROMIUM = "https://www.chromium.org/getting-involved/download-chromium"

PROGRAMS: Final = {
    "prometheus": Program(("prometheus",), "prometheus", _PROMETHEUS),
    "promtool": Program(("promtool",), "prometheus", _PROMETHEUS),
    "alertmanager": Program(("prometheus-alertmanager", "alertmanager"), "prometheus-alertmanager", _PROMETHEUS),
    "amtool": Program(("amtool",), "prometheus-alertmanager", _PROMETHEUS),
    "node-exporter": Program(("prometheus-node-exporter", "node_exporter"), "prometheus-node-exporter", _PROMETHEUS),
    "etcd": Program(("etcd",), "etcd-server", "https://etcd.io/docs/latest/install"),
    "kube-apiserver": Program(("kube-apiserver",), "", "`scripts/build-kube-apiserver`"),
    # Debian 12's is too old for the overlays.
    "kubectl": Program(("kubectl",), "", "https://kubernetes.io/docs/tasks/tools"),
    "keytool": Program(("keytool",), "openjdk-17-jre-headless", "https://adoptium.net"),
    "systemd-analyze": Program(("systemd-analyze",), "systemd", "https://systemd.io"),
    "buildah": Program(("buildah",), "buildah", "https://buildah.io"),
    "tcpdump": Program(("tcpdump",), "tcpdump", "https://www.tcpdump.org", needs_root=True),
    "openssl": Program(("openssl",), "openssl", "https://www.openssl.org"),
    "chromium": Program(("chromium", "chromium-browser", "google-chrome"), "chromium", _CHROMIUM),
    "chromedriver": Program(("chromedriver",), "chromium-driver", _CHROMIUM),
}


MONITORING: Final = ("prometheus", "alertmanager", "node-exporter")
"""What watches a local stack."""


def find(program: str) -> str | None:
    """Return the path of a program of `PROGRAMS`, or None where it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS[program].executables)), None)


def is_installed(name: str) -> bool:
    """Return whether a program of `PROGRAMS`, PySpark or the history is here, and this user may use it."""
    if name == HISTORY:
        return is_in_history()
    if name not in PROGRAMS:
        return importlib.util.find_spec(name) is not None
    return find(name) is not None and (os.geteuid() == 0 or not PROGRAMS[name].needs_root)


def path_of(program: str) -> str:
    """Return the path of a program that the test is marked to need."""
    path = find(program)
    assert path, f"mark this test with @pytest.mark.needs({program!r})"
    return path


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "needs(*programs): skip the test where one of these programs is not installed")


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Skip each test that needs a missing program."""
    for item in items:
        needed = {program for marker in item.iter_markers("needs") for program in marker.args}
        missing = sorted(program for program in needed if not is_installed(program))
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))
            item.user_properties.append((PROPERTY, missing))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skip a module that fails to import because there is no PySpark; any other import error stays an error."""
    report = yield
    if report.failed and not is_installed(PYSPARK) and f"'{PYSPARK}" in str(report.longrepr):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"needs {PYSPARK}")
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write one line for each program that tests were skipped for."""
    lines = [
        f"{program}: {count} skipped; {_remedy(program)}"
        for program, count in sorted(_tests_without_program(terminalreporter).items())
    ]
    skipped = terminalreporter.getreports("skipped")
    modules = {report.nodeid for report in skipped if isinstance(report, pytest.CollectReport)}
    if modules:
        lines.append(f"{PYSPARK}: {len(modules)} whole modules skipped; {_REMEDIES[PYSPARK]}")
    if lines:
        terminalreporter.section("tests skipped because a program is not installed")
        for line in lines:
            terminalreporter.write_line(line)


def _remedy(name: str) -> str:
    return _REMEDIES.get(name) or PROGRAMS[name].remedy


def _tests_without_program(terminalreporter: pytest.TerminalReporter) -> Counter[str]:
    return Counter(
        program
        for report in terminalreporter.getreports("skipped")
        if isinstance(report, pytest.TestReport)
        for name, missing in report.user_properties
        if name == PROPERTY and isinstance(missing, list)
        for program in missing
    )
