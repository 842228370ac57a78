"""A table at the end of the run: each fault, what held, and figures. A test reports its row when all its laws held; a failed test has a row that says so."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from .fault_report import Tell

_ROW = "fault"
_HEAD = ("fault", "what held", "figures")
_WIDTHS = (46, 58, 58)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Return what writes this test's row; see `fault_report`."""

    def row(fault: str, held: str, figures: str) -> None:
        request.node.user_properties.append((_ROW, (fault, held, figures)))

    return row


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, if any test of a fault ran."""
    rows = list(_rows(terminalreporter))
    if not rows:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(_line(_HEAD))
    terminalreporter.write_line("-+-".join("-" * width for width in _WIDTHS))
    for failed, row in rows:
        cells = [textwrap.wrap(text, width) for text, width in zip(row, _WIDTHS, strict=True)]
        for at in range(max(map(len, cells))):
            line = _line(tuple(cell[at] if at < len(cell) else "" for cell in cells))
            terminalreporter.write_line(line, red=failed)


def _rows(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[bool, tuple[str, str, str]]]:
    """Return the reported rows in the order of the tests, and one for each failed test, each with whether its test failed."""
    reports: list[pytest.TestReport] = []
    for outcome in ("passed", "failed", "error"):
        reports += [
            report for report in terminalreporter.stats.get(outcome, []) if isinstance(report, pytest.TestReport)
        ]
    for report in sorted(reports, key=lambda report: report.start):
        told: list[Any] = [value for name, value in report.user_properties if name == _ROW]
        if report.failed and "tests/fault/" in report.nodeid:
            yield True, (report.nodeid.rpartition("::")[2], "NOT: the test failed", f"in its {report.when}")
        elif report.when == "call":
            for fault, held, figures in told:
                yield False, (str(fault), str(held), str(figures))


def _line(cells: tuple[str, ...]) -> str:
    return " | ".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
