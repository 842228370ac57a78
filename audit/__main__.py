"""`make audit`: write the reports to build/audit, and exit with 1 if a vulnerability is known or the lock of jars is incomplete.

Advisories and some licences come from services. What could not be checked is printed and is no failure.
"""

import json
import sys
from pathlib import Path

from devstack.jars.lockfile import read_lock

from . import boms, jar_advisories, licences, python_packages
from .findings import Findings

FOLDER = Path("build/audit")


def main() -> int:
    """Run every part. Return the exit code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    groups = read_lock()
    jars = list({jar.coordinate: jar for group in groups.values() for jar in group}.values())
    requirements = python_packages.export_requirements(FOLDER)
    findings = {
        "Python packages": python_packages.advisories(requirements),
        "lock of jars": jar_advisories.check_lock(jars),
        "jars": jar_advisories.advisories(jars),
    }
    python_packages.write_bom(requirements, FOLDER / "python.cdx.json")
    text = json.dumps(boms.jar_bom(groups), indent=2)
    (FOLDER / "jars.cdx.json").write_text(text + "\n", "utf-8")
    boms.require_valid(text)
    table = licences.table(python_packages.names(requirements), jars)
    (FOLDER / "licences.csv").write_text(table, "utf-8")
    for part, found in findings.items():
        _print(part, found)
    unknown = sum(line.endswith(f",{licences.NOT_KNOWN}") for line in table.splitlines())
    print(f"licences: {len(table.splitlines()) - 1} listed, {unknown} of them not known")
    print(f"reports: {', '.join(str(path) for path in sorted(FOLDER.iterdir()))}")
    return 1 if any(found.problems for found in findings.values()) else 0


def _print(part: str, found: Findings) -> None:
    print(f"{part}: {found.checked} checked, {len(found.problems)} problems, {found.not_checked} NOT CHECKED")
    if found.why:
        print(f"  not checked: {found.why}")
    for problem in found.problems:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
