import json

from audit.findings import Findings
from audit.python_packages import read_report

FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": "made up"}


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_vulnerability_is_a_problem_with_the_version_that_fixes_it() -> None:
    found = read_report(report({"name": "a", "version": "1.0", "vulns": [FLAW]}), count=1)
    assert found == Findings(checked=1, problems=("a 1.0: PYSEC-2026-1, fixed in 2.0",))


def test_a_package_that_was_skipped_was_not_checked() -> None:
    skipped: dict[str, object] = {"name": "b", "skip_reason": "Dependency not found on PyPI"}
    found = read_report(report({"name": "a", "version": "1.0", "vulns": []}, skipped), count=2)
    assert (found.checked, found.not_checked, found.problems) == (1, 1, ())
    assert "not found on PyPI" in found.why


def test_without_a_report_nothing_was_checked() -> None:
    for text in ("", "{}", "[]", "Traceback"):
        found = read_report(text, count=7, error="long\nno such host\n")
        assert (found.checked, found.not_checked, found.why) == (0, 7, "pip-audit: no such host")
