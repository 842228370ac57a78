import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.needs import path_of

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
    # No program tells systemd that it is alive.
    assert directives(unit, "WatchdogSec") == []


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
