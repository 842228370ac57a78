"""A program of this project as a child process: its output goes to a file, and it never outlives its parent's block."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from domain.errors import TapelineError

TAIL_LINES = 15


class Child:
    """`python -m MODULE ARGUMENTS…` in a session of its own, so that a Ctrl-C at the terminal reaches only the parent, which ends it in order."""

    def __init__(self, name: str, arguments: Sequence[str], log_file: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log_file = log_file
        self._arguments = [sys.executable, "-m", *arguments]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(timeout_s=20)

    @property
    def pid(self) -> int:
        """The process; only while entered."""
        assert self._process is not None  # noqa: S101 - a bug of ours otherwise
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return None if self._process is None else self._process.poll()

    def stop(self, timeout_s: float) -> None:
        """Send SIGTERM; after the timeout, kill the program and everything that it started."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def check(self, *, may_end: bool = False) -> None:
        """Raise TapelineError with the end of the log if the program ended with an error, or at all unless `may_end`."""
        code = self.exit_code()
        if code is not None and (code or not may_end):
            lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
            raise TapelineError("\n".join([f"the {self.name} ended with code {code}; its log ended with:", *lines]))
