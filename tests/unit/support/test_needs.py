"""The rule for tests that need a program which is not installed: they are skipped, and the run says how to get it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run_tests(*arguments: str, path: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = os.environ | {"PATH": str(path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_without_a_program_its_tests_are_skipped_and_one_line_names_the_remedy(tmp_path: Path) -> None:
    out = run_tests("--numprocesses", "2", "tests/alerts/test_rules.py", "tests/alerts/test_routing.py", path=tmp_path)
    assert re.search(r"\d+ passed, [1-9]\d* skipped", out)
    for program, package in (("promtool", "prometheus"), ("amtool", "prometheus-alertmanager")):
        (line,) = re.findall(rf"^{program}: .*", out, re.MULTILINE)
        assert re.match(rf"{program}: [1-9]\d* skipped; on Debian and Ubuntu `apt-get install {package}`", line)
        assert "https://" in line


def test_with_the_program_its_tests_run(tmp_path: Path) -> None:
    program = tmp_path / "promtool"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    out = run_tests("tests/alerts/test_rules.py", "-k", "promtool_accepts_the_rules", path=tmp_path)
    assert "1 passed" in out
    assert "is not installed" not in out
