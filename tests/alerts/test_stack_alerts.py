"""When `tapeline stack` is watched, and what it tells by itself of those who watch."""

from pathlib import Path

import pytest

from apps.local_stack.alerts import Alerts, wants_alerts
from apps.observability.alert_webhook import AlertLog
from apps.observability.pipeline_stages import Stage, StageState
from apps.settings.stack import StackSettings
from devstack.stack import Stack
from devstack.stack.monitoring import Monitoring
from devstack.stack.monitoring_config import MonitoringOptions
from tests.support.needs import MONITORING


@pytest.mark.needs(*MONITORING)
def test_it_is_watched_unless_told_otherwise() -> None:
    said: list[str] = []
    assert wants_alerts(StackSettings(), said.append)
    assert not wants_alerts(StackSettings(monitoring=False), said.append)
    assert said == []


def test_without_the_programs_it_says_how_to_get_them_in_one_line_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    said: list[str] = []
    assert not wants_alerts(StackSettings(), said.append)
    assert len(said) == 1
    assert "apt-get install prometheus" in said[0]
    assert "\n" not in said[0]


def test_a_replay_is_not_watched_and_nothing_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    said: list[str] = []
    assert not wants_alerts(StackSettings(replay=Path("frames.jsonl")), said.append)
    assert said == []


def test_only_of_those_who_tell_the_stack_tells_itself_and_since_when(tmp_path: Path) -> None:
    monitoring = Monitoring(Stack(home=tmp_path), MonitoringOptions(pager_url="http://a", chat_url="http://a"))
    alerts = Alerts(AlertLog(tmp_path / "alerts.jsonl"), monitoring)
    names = ("Kafka", "Node exporter", "Prometheus", "Alertmanager")
    well = [Stage(name=name, state=StageState.OK) for name in names]
    gone = [Stage(name=name, state=StageState.DOWN) for name in names]
    assert alerts.firing(well) == []
    first = alerts.firing(gone)
    assert [(alert.name, alert.summary) for alert in first] == [
        ("InstanceDown", "Prometheus does not answer"),
        ("InstanceDown", "Alertmanager does not answer"),
    ]
    assert alerts.firing(gone) == first
    assert alerts.firing(well) == []
