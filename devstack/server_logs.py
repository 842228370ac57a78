"""Print the logs of servers, whole lines only, and follow them as they grow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import click

POLL_S = 0.3


def print_logs(files: Mapping[str, Path], *, follow: bool) -> None:
    """Print each log file by its server's name; with `follow`, never return. Several logs have the name before each line."""
    read = dict.fromkeys(files, 0)
    while True:
        for name, file in files.items():
            if not file.exists():
                continue
            with file.open("rb") as log:
                log.seek(read[name])
                data = log.read()
            whole = data[: data.rfind(b"\n") + 1]
            read[name] += len(whole)
            for line in whole.decode("utf-8", "replace").splitlines():
                click.echo(f"{name}: {line}" if len(files) > 1 else line)
        if not follow:
            return
        time.sleep(POLL_S)
