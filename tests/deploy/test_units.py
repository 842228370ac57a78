import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from apps.observability.health import STALLED_AFTER_S
from apps.runtime.systemd import ALIVE
from tests.support.needs import path_of
from tests.support.timeouts import TIMEOUT_S

from .overlays import ROOT
from .programs import settings_of, unknown_variables

FOLDER = ROOT / "deploy" / "systemd"
UNITS = ("tapeline-producer@", "tapeline-aggregator", "tapeline-dashboard")
EXPOSURE = 15
"""The highest exposure of a unit, by `systemd-analyze security`, from 0 to 100."""


def directives(unit: str, name: str) -> list[str]:
    """Return the values of a directive, in order."""
    lines = (FOLDER / f"{unit}.service").read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{name}=")]


def command(unit: str) -> list[str]:
    (line,) = directives(unit, "ExecStart")
    program, *arguments = shlex.split(line.replace("%H", "host").replace("%i", "first"))
    assert program == "/opt/tapeline/bin/tapeline"
    return arguments


def environment(unit: str) -> dict[str, str]:
    text = " ".join(directives(unit, "Environment")).replace("%d", "/run/credentials")
    return dict(word.split("=", 1) for word in shlex.split(text))


@pytest.mark.parametrize("unit", UNITS)
def test_the_program_accepts_its_arguments_variables_and_the_settings_file(
    unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A program reads tapeline.toml of its current folder as well.
    (tmp_path / "tapeline.toml").write_text((FOLDER / "tapeline.toml").read_text())
    monkeypatch.chdir(tmp_path)
    settings = settings_of(command(unit), environment(unit), tmp_path)
    assert settings.profile == "production"
    if hasattr(settings, "kafka"):
        security = settings.kafka.adapter().security
        assert (security.protocol, security.username) == ("SASL_SSL", command(unit)[0])
    if hasattr(settings, "cassandra"):
        cassandra = settings.cassandra.adapter()
        assert (cassandra.tls, cassandra.username) == (True, command(unit)[0])
    assert unknown_variables(command(unit), environment(unit)) == set()


@pytest.mark.parametrize("unit", UNITS)
def test_secrets_are_credentials(unit: str) -> None:
    credentials = {value.partition(":")[0] for value in directives(unit, "LoadCredential")}
    used = {path.rpartition("/")[2] for name, path in environment(unit).items() if name.endswith("_FILE")}
    settings = environment(unit)["TAPELINE_SETTINGS"].split(":")
    used |= {path.rpartition("/")[2] for path in settings if path.startswith("/run/credentials")}
    assert used == credentials
    assert [name for name in environment(unit) if name.endswith(("PASSWORD", "TOKEN"))] == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_starts_again_however_often_it_ends(unit: str) -> None:
    assert directives(unit, "Restart") == ["always"]
    assert directives(unit, "StartLimitIntervalSec") == ["0"]


CLOSED = "9"
"""A port at which nothing listens."""
STARTS = {
    "tapeline-producer@": ("producer", "--feed", "simulated", "--kafka-bootstrap-servers", f"127.0.0.1:{CLOSED}"),
    "tapeline-aggregator": ("aggregator", "--kafka-bootstrap-servers", f"127.0.0.1:{CLOSED}", "--checkpoint", "c"),
    "tapeline-dashboard": ("dashboard", "--cassandra-port", CLOSED),
}


@pytest.mark.parametrize(
    "unit",
    [
        "tapeline-producer@",
        pytest.param("tapeline-aggregator", marks=pytest.mark.needs("pyspark")),
        "tapeline-dashboard",
    ],
)
def test_a_program_reports_to_the_watchdog_of_its_unit_from_its_start(unit: str, tmp_path: Path) -> None:
    assert command(unit)[0] == STARTS[unit][0]
    (silence,) = directives(unit, "WatchdogSec")
    # The first report of a stalled loop is missing when systemd begins to count.
    assert int(silence) > STALLED_AFTER_S
    assert directives(unit, "NotifyAccess") == ["main"]
    assert "AF_UNIX" in directives(unit, "RestrictAddressFamilies")[0].split()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor, (tmp_path / "log").open("wb") as log:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(TIMEOUT_S)
        process = subprocess.Popen(
            [sys.executable, "-m", "apps.cli", *STARTS[unit]],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TAPELINE_METRICS_PORT": "0",
                "NOTIFY_SOCKET": str(tmp_path / "notify"),
                "WATCHDOG_USEC": f"{silence}000000",
            },
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            assert supervisor.recv(64) == ALIVE
        finally:
            # With the JVM that the aggregator starts.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder with the units, which start a program that exists on this machine."""
    for unit in UNITS:
        file = f"{unit}.service"
        (tmp_path / file).write_text((FOLDER / file).read_text().replace("/opt/tapeline/bin/tapeline", "/bin/true"))
    return tmp_path


def systemd_analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [path_of("systemd-analyze"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_the_unit(installed: Path, unit: str) -> None:
    done = systemd_analyze("verify", "--man=no", str(installed / f"{unit}.service"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_exposed_little(installed: Path, unit: str) -> None:
    done = systemd_analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(installed / f"{unit}.service"))
    assert done.returncode == 0, done.stdout
