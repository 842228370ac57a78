"""No port of a local Spark is open to other machines."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from devstack.servers.java import java_home
from tests.support.sockets import is_loopback, listening

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[4]
READY = "all ports are open"
UI_PORT = 4040
# A job with a shuffle, and the callbacks by which Spark reports micro-batches and signals, so that every kind of port is open.
DRIVER = f"""
import signal
import sys
from adapters.spark.settings import AggregatorSettings
from adapters.spark.stopping import relay_signals
from apps.runtime.spark_session import connected_session

session = connected_session(AggregatorSettings(ui="ui" in sys.argv))
relay_signals(lambda: None)
assert session.range(100).repartition(3).count() == 100
print("{READY}", flush=True)
signal.pause()
"""
PYTHON = (sys.executable,)
SPARK_SUBMIT = ("spark-submit",)


@contextmanager
def running(
    command: Sequence[str], folder: Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run the driver and its JVM, and kill both at the end."""
    script = folder / "driver.py"
    script.write_text(DRIVER)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "SPARK_LOCAL_IP"},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JAVA_HOME": str(java_home()),
        "PYTHONPATH": str(ROOT),
        **(variables or {}),
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, str(script), *arguments],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            start_new_session=True,
        )  # fmt: skip
        with process:
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def await_ready(process: subprocess.Popen[str], folder: Path) -> None:
    assert process.stdout is not None
    assert any(line.strip() == READY for line in process.stdout), (folder / "log").read_text()[-3000:]


@pytest.mark.parametrize(
    "command", [PYTHON, pytest.param(SPARK_SUBMIT, marks=pytest.mark.faults)], ids=["python", "spark-submit"]
)
def test_all_ports_are_on_loopback_and_there_is_no_ui(command: Sequence[str], tmp_path: Path) -> None:
    with running(command, tmp_path) as process:
        await_ready(process, tmp_path)
        sockets = listening([process.pid])
    # Py4J, the callbacks, RPC and the block manager.
    assert len(sockets) >= 4
    assert {address for address, _ in sockets if not is_loopback(address)} == set()
    assert not any(UI_PORT <= port < UI_PORT + 16 for _, port in sockets)


@pytest.mark.faults
def test_the_ui_is_on_loopback_when_a_setting_asks_for_it(tmp_path: Path) -> None:
    with running(PYTHON, tmp_path, "ui") as process:
        await_ready(process, tmp_path)
        sockets = listening([process.pid])
    assert {address for address, _ in sockets if not is_loopback(address)} == set()
    # The next port is taken when another Spark has this one.
    assert any(UI_PORT <= port < UI_PORT + 16 for _, port in sockets)


def test_a_ui_that_spark_submit_would_open_to_all_is_refused(tmp_path: Path) -> None:
    with running(SPARK_SUBMIT, tmp_path, "ui") as process:
        assert process.stdout is not None
        # spark-submit sends both outputs of Python to this one.
        text = process.stdout.read()
        assert process.wait() != 0
    assert READY not in text
    assert "SPARK_LOCAL_IP=127.0.0.1" in text
