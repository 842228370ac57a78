import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from apps.observability.alert_webhook import AlertLog, words
from devstack.errors import DevstackError
from devstack.servers import monitoring_programs
from devstack.stack import Stack
from devstack.stack.monitoring import Monitoring, require_monitoring
from devstack.stack.monitoring_config import MonitoringOptions, render, scale_holds
from tests.support.needs import MONITORING

from .rules import RULES


def test_an_error_names_a_missing_program_and_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        DevstackError,
        match=r"prometheus is not installed.*apt-get install prometheus .*https://prometheus\.io/download",
    ):
        monitoring_programs.require_programs()


@pytest.mark.needs(*MONITORING)
def test_missing_rules_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DevstackError, match=r"there are no rules in .*a checkout of tapeline"):
        require_monitoring(tmp_path)


def test_scaling_changes_the_for_durations_of_rules_and_nothing_else() -> None:
    for file in RULES:
        text = file.read_text()
        before, after = text.splitlines(), scale_holds(text, 0.1).splitlines()
        changed = {(old.strip(), new.strip()) for old, new in zip(before, after, strict=True) if old != new}
        assert all(old.startswith("for: ") for old, _ in changed)
        assert len(changed) == len({line.strip() for line in before if line.strip().startswith("for: ")})
        assert scale_holds(text, 1.0) == text
    assert scale_holds("        for: 2m\n", 0.1) == "        for: 12000ms\n"


def test_a_template_with_an_unknown_variable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text("a: ${KNOWN} ${UNKNOWN}\n")
    with pytest.raises(DevstackError, match="UNKNOWN"):
        render(tmp_path / "t.yml", {"KNOWN": "1"})
    with pytest.raises(DevstackError, match="cannot be read"):
        render(tmp_path / "absent.yml", {})


@pytest.mark.needs(*MONITORING)
def test_monitoring_needs_a_running_stack(tmp_path: Path) -> None:
    options = MonitoringOptions(pager_url="http://127.0.0.1:9/secret", chat_url="http://127.0.0.1:9/secret")
    assert "secret" not in repr(options)
    monitoring = Monitoring(Stack(name="absent", home=tmp_path), options)
    with pytest.raises(DevstackError, match="bring it up first"):
        monitoring.start()
    monitoring.close()


def post(url: str, body: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=5) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def notification(status: str, name: str) -> bytes:
    alert = {
        "status": status,
        "labels": {"alertname": name, "severity": "critical"},
        "annotations": {
            "summary": f"{name} is so",
            "description": "And more.",
            "runbook_url": f"docs/runbooks/{name}.md",
        },
        "startsAt": "2024-01-31T09:30:00.123456789Z",
        "fingerprint": name,
    }
    return json.dumps({"receiver": "chat", "alerts": [alert]}).encode()


def test_the_alert_log_returns_firing_alerts_and_keeps_all_notifications(tmp_path: Path) -> None:
    file = tmp_path / "alerts.jsonl"
    with AlertLog(file) as log:
        assert log.firing() == []
        for name in ("KafkaDown", "FeedSilent", "KafkaDown"):
            assert post(log.url, notification("firing", name)) == 200
        kafka, feed = log.firing()
        assert words(kafka) == "KafkaDown: KafkaDown is so (docs/runbooks/KafkaDown.md)"
        assert (kafka.severity, kafka.description, kafka.since_ms) == ("critical", "And more.", 1_706_693_400_123)
        assert (feed.name, feed.runbook) == ("FeedSilent", "runbooks/FeedSilent.md")
        assert post(log.url, notification("resolved", "KafkaDown")) == 200
        assert log.firing() == [feed]
    assert [json.loads(line)["status"] for line in file.read_text().splitlines()] == [
        "firing",
        "firing",
        "firing",
        "resolved",
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"alerts": [{}]}'])
def test_the_alert_log_rejects_malformed_notifications(tmp_path: Path, body: bytes) -> None:
    with AlertLog(tmp_path / "alerts.jsonl") as log:
        assert post(log.url, body) == 400
        assert log.firing() == []
