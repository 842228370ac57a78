"""When `tapeline stack` runs the monitoring, and the alerts that it raises itself about the monitoring."""

import itertools
from pathlib import Path

import pytest

from apps.local_stack.alerts import Alerts, wants_alerts
from apps.observability.alert_log import AlertLog
from apps.observability.pipeline_stages import Stage, StageState
from apps.settings.stack import StackSettings
from devstack.stack import Stack
from devstack.stack.monitoring import Monitoring
from devstack.stack.monitoring_config import MonitoringOptions
from tests.support.needs import MONITORING


@pytest.mark.needs(*MONITORING)
def test_a_stack_is_monitored_by_default() -> None:
    printed: list[str] = []
    assert wants_alerts(StackSettings(), printed.append)
    assert not wants_alerts(StackSettings(monitoring=False), printed.append)
    assert printed == []


def test_without_the_programs_it_prints_one_line_on_how_to_install_them_and_continues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    printed: list[str] = []
    assert not wants_alerts(StackSettings(), printed.append)
    assert len(printed) == 1
    assert "apt-get install prometheus" in printed[0]
    assert "\n" not in printed[0]


def test_a_replay_is_not_monitored_and_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    printed: list[str] = []
    assert not wants_alerts(StackSettings(replay=Path("frames.jsonl")), printed.append)
    assert printed == []


def test_the_stack_raises_alerts_only_about_prometheus_and_alertmanager(tmp_path: Path) -> None:
    monitoring = Monitoring(Stack(home=tmp_path), MonitoringOptions(pager_url="http://a", chat_url="http://a"))
    # A clock that moves with each call: an alert keeps the time at which it was first raised.
    alerts = Alerts(AlertLog(tmp_path / "alerts.jsonl"), monitoring, now_ms=itertools.count(1_000).__next__)
    names = ("Kafka", "Node exporter", "Prometheus", "Alertmanager")
    well = [Stage(name=name, state=StageState.OK) for name in names]
    gone = [Stage(name=name, state=StageState.DOWN) for name in names]
    assert alerts.firing(well) == []
    first = alerts.firing(gone)
    assert [(alert.name, alert.summary, alert.since_ms) for alert in first] == [
        ("InstanceDown", "Prometheus does not answer", 1_001),
        ("InstanceDown", "Alertmanager does not answer", 1_001),
    ]
    assert alerts.firing(gone) == first
    assert alerts.firing(well) == []
