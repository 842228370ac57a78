"""The findings of `tapeline doctor` as a table, or as one JSON object a line."""

import json
from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ports.diagnosis import Finding

from .terminal import printable


def finding_json(finding: Finding, advice: str) -> str:
    """Return one JSON object, without the line's end; `advice` is null for a check that passed."""
    return json.dumps(
        {
            "check": finding.check,
            "ok": finding.ok,
            "detail": finding.detail,
            "advice": None if finding.ok else advice,
        }
    )


def print_findings(findings: Iterable[Finding], advice: Mapping[str, str]) -> None:
    """Print a row for each finding, and below a failed one what to do."""
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("check", "", "found"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        style = "" if finding.ok else "red"
        found = printable(finding.detail)
        if not finding.ok:
            found += f"\n-> {advice[finding.check]}"
        table.add_row(Text(finding.check), Text("ok" if finding.ok else "FAILED", style=style), Text(found))
    Console(highlight=False, markup=False).print(table)
