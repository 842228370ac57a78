"""A replay through the secure stack, TLS and rights on every hop, gives the candles of the program that keeps everything in memory."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.programs import run
from tests.e2e.test_stack import program
from tests.support.recordings import write_made_up_day

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(400)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own for the dev stack, which is down and gone afterwards."""
    yield tmp_path
    program(tmp_path, "devstack", "down", "--name", "stack").communicate(timeout=60)


def test_the_candles_are_those_in_memory(folder: Path) -> None:
    recording = folder / "day.jsonl"
    write_made_up_day(recording, frames=1_000)
    stack: subprocess.Popen[str] = program(
        folder, "apps.stack", "--secure", "--replay", str(recording), "--speed", "max", "--candles-out", "stack.csv"
    )
    out, _ = stack.communicate(timeout=300)
    assert stack.returncode == 0, out
    run("apps.live", "--replay", str(recording), "--speed", "max", "--candles-out", str(folder / "live.csv"))
    assert (folder / "stack.csv").read_text() == (folder / "live.csv").read_text()
