import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from apps.local_stack.owner import end_orphans, own, refuse_if_owned
from domain.errors import TapelineError

WAITS = "input()"


@contextmanager
def program(text: str = WAITS, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", text, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_stack_whose_owner_lives_is_refused(tmp_path: Path) -> None:
    own(tmp_path)
    with pytest.raises(TapelineError, match=f"in use by process {psutil.Process().pid}"):
        refuse_if_owned(tmp_path, "stack")


def test_what_a_killed_run_left_is_ended_by_the_next(tmp_path: Path) -> None:
    owner = "import sys; from pathlib import Path; from apps.local_stack.owner import own; own(Path(sys.argv[1]), children=[int(sys.argv[2])])"
    with program() as orphan:
        with program(owner, str(tmp_path), str(orphan.pid)) as run:
            assert run.wait(60) == 0
        refuse_if_owned(tmp_path, "stack")
        assert orphan.poll() is None
        end_orphans(tmp_path)
        assert orphan.wait(30) != 0


def test_a_process_that_has_an_orphans_number_by_chance_is_left_alone(tmp_path: Path) -> None:
    with program() as other:
        (tmp_path / "owner").write_text(f"1 0.0\n{other.pid} {psutil.Process(other.pid).create_time() - 60}")
        end_orphans(tmp_path)
        assert other.poll() is None


@pytest.mark.parametrize("text", [None, "", "nonsense", "1 2 3\n"])
def test_without_a_note_that_can_be_read_nobody_owns_it(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "owner").write_text(text)
    refuse_if_owned(tmp_path, "stack")
    end_orphans(tmp_path)
