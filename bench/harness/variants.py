"""Variants of the same work: each is a command whose last line of output is a report. They run in turns."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import attrs

from bench.harness.runs import Run

ROOT = Path(__file__).resolve().parents[2]


@attrs.frozen(kw_only=True)
class Variant:
    """A variant: its name in the tables, and the command that runs it."""

    name: str
    command: Sequence[str]
    variables: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Added to the environment."""

    @classmethod
    def of_program(cls, name: str, module: str, *args: object, variables: Mapping[str, str] | None = None) -> Self:
        """Return the variant that a module of `bench.programs` runs."""
        command = (sys.executable, "-m", f"bench.programs.{module}", *map(str, args))
        return cls(name=name, command=command, variables=variables or {})

    def run(self, timeout_s: float) -> Run:
        """Run the command once. Raise RuntimeError with the end of its output if it fails."""
        completed = subprocess.run(
            self.command,
            cwd=ROOT,
            env={**_environment(), **self.variables},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if completed.returncode:
            raise RuntimeError(f"{self.name} failed:\n{completed.stdout[-2000:]}{completed.stderr[-4000:]}")
        return Run.read(completed.stdout)


def run_in_turns(
    variants: Sequence[Variant], rounds: int, progress: Callable[[str], None], *, timeout_s: float = 300.0
) -> dict[str, list[Run]]:
    """Run every variant once per round. Return the runs of each by its name, in the order of the rounds."""
    runs: dict[str, list[Run]] = {variant.name: [] for variant in variants}
    for number in range(1, rounds + 1):
        for variant in variants:
            run = variant.run(timeout_s)
            runs[variant.name].append(run)
            progress(f"round {number} of {rounds}: {variant.name}: {run.rate:,.0f}/s, {run.cpu_us:.2f} us of CPU each")
    return runs


def _environment() -> dict[str, str]:
    """Return an environment in which the command imports the code of this tree, even if another version is installed."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
