"""A program that cannot go on says why in one line."""

import subprocess
import sys

from tests.support.full_disk import FULL_DISK, needs_full_disk


@needs_full_disk
def test_output_to_a_full_disk_ends_in_one_line() -> None:
    with FULL_DISK.open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "apps.cli", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == ["tapeline: cannot write its output: No space left on device"]
