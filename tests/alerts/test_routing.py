import re
from pathlib import Path

import pytest

from devstack.stack.monitoring_config import render
from tests.support.alert_rules import ALERTMANAGER, alerts, inhibitions
from tests.support.needs import path_of

from .programs import run


@pytest.fixture
def config(tmp_path: Path) -> str:
    values = {
        "GROUP_WAIT": "10s", "GROUP_INTERVAL": "1m",
        "PAGER_WEBHOOK_URL": "http://127.0.0.1:9/pager", "CHAT_WEBHOOK_URL": "http://127.0.0.1:9/chat",
    }  # fmt: skip
    file = tmp_path / "alertmanager.yml"
    file.write_text(render(ALERTMANAGER, values))
    return str(file)


@pytest.mark.needs("amtool")
def test_amtool_accepts_the_configuration(config: str) -> None:
    result = run(path_of("amtool"), "check-config", config)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.needs("amtool")
@pytest.mark.parametrize("name", alerts())
def test_critical_alerts_go_to_the_pager_and_warnings_to_the_chat(config: str, name: str) -> None:
    labels = {"alertname": name, **alerts()[name]["labels"]}
    receiver = "pager" if labels["severity"] == "critical" else "chat"
    result = run(
        path_of("amtool"), "config", "routes", "test", f"--config.file={config}", f"--verify.receivers={receiver}",
        *(f"{key}={value}" for key, value in labels.items()),
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_alerts_on_symptoms_are_critical() -> None:
    critical = {name for name, alert in alerts().items() if alert["labels"]["severity"] == "critical"}
    assert critical == {"FreshnessBurnsFast", "LatencyBurnsFast", "DeliveryBurnsFast", "TradesUnacknowledged"}


def test_every_component_that_alerts_follow_has_an_alert_that_breaks_it_and_an_inhibition() -> None:
    breaks = {alert["labels"]["breaks"] for alert in alerts().values() if "breaks" in alert["labels"]}
    follows = {part for alert in alerts().values() for part in alert["labels"].get("follows", "").split()}
    listed = {}
    for rule in inhibitions():
        for matcher in rule["source_matchers"]:
            if found := re.fullmatch(r"breaks = (\w+)", matcher):
                listed[found[1]] = rule["target_matchers"][0]
    assert follows == breaks == set(listed)
    assert listed == {part: f'follows =~ "(.* )?{part}( .*)?"' for part in breaks}


def test_no_two_alerts_inhibit_each_other() -> None:
    def inhibited_by(name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
        part = alerts()[name]["labels"].get("breaks")
        after = {
            other for other, alert in alerts().items() if part and part in alert["labels"].get("follows", "").split()
        }
        for other in after - seen:
            seen = inhibited_by(other, seen | {other})
        return seen

    assert [name for name in alerts() if name in inhibited_by(name)] == []
