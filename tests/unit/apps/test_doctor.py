"""`tapeline doctor` where nothing runs, and `tapeline --version`."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from apps.cli import tapeline
from apps.doctor import ADVICE, doctor

NOWHERE = ("--kafka-bootstrap-servers", "127.0.0.1:9", "--cassandra-port", "9", "--kafka-connect-timeout-s", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    result = CliRunner().invoke(doctor, [*NOWHERE, "--format", "json", *arguments])
    return result.exit_code, {row["check"]: row for row in map(json.loads, result.stdout.splitlines())}


def test_servers_that_are_down_fail_with_what_to_do() -> None:
    code, rows = found()
    assert code == 1
    assert rows["settings"] == {
        "check": "settings", "ok": True, "detail": "the settings of every program are valid", "advice": None,
    }  # fmt: skip
    for check, setting in {
        "kafka.reachable": "KAFKA_BOOTSTRAP_SERVERS",
        "cassandra.reachable": "CASSANDRA_HOSTS",
    }.items():
        assert rows[check]["ok"] is False
        assert setting in str(rows[check]["advice"])
    assert rows.keys() <= ADVICE.keys()


def test_the_table_says_the_same_in_words() -> None:
    result = CliRunner().invoke(doctor, NOWHERE)
    assert result.exit_code == 1
    assert "FAILED" in result.stdout
    assert "-> start Kafka" in result.stdout


def test_a_wrong_setting_of_any_program_is_found(folder: Path) -> None:
    wrong = ("[producer]", "alive_every_s = -1", "[live]", 'speed = "fast"', "[aggregator]", "window_s = 0")
    (folder / "tapeline.toml").write_text("\n".join((*wrong, "[reconcile]", "margin_s = -1")), encoding="utf-8")
    code, rows = found()
    assert (code, rows["settings"]["ok"]) == (1, False)
    assert "producer: --alive-every" in str(rows["settings"]["detail"])
    assert "live: a speed is" in str(rows["settings"]["detail"])
    assert "aggregator: --window" in str(rows["settings"]["detail"])
    assert "reconcile: --margin" in str(rows["settings"]["detail"])


def test_the_version_is_the_installed_one() -> None:
    result = CliRunner().invoke(tapeline, ["--version"])
    assert result.output == f"tapeline, version {version('tapeline')}\n"
