import base64
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.alert_rules import alerts, inhibitions
from tests.support.needs import path_of

from .overlays import KUBERNETES, named, rendered

FOLDER = KUBERNETES / "alertmanager"
CONFIG = FOLDER / "generated" / "alertmanager.yaml"


def amtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([path_of("amtool"), *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration as amtool of this machine can read it: before 0.26 a webhook has no `url_file`."""
    version = re.search(r"version (\d+)\.(\d+)", amtool("--version").stdout)
    assert version
    text = CONFIG.read_text()
    if (int(version[1]), int(version[2])) < (0, 26):
        text = text.replace(
            "url_file: /etc/alertmanager/secrets/alertmanager-receivers/dead-mans-switch-url", "url: http://127.0.0.1:9"
        )
        text = text.replace(
            "- url_file: /etc/alertmanager/secrets/alertmanager-receivers/chat-url", "- url: http://127.0.0.1:9"
        )
    file = tmp_path / "alertmanager.yaml"
    file.write_text(text)
    return file


@pytest.mark.needs("amtool")
def test_amtool_accepts_the_configuration(config: Path) -> None:
    done = amtool("check-config", str(config))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 receivers" in done.stdout + done.stderr


ROUTED = [*((name, alert["labels"]) for name, alert in alerts().items()), ("Watchdog", {"severity": "none"})]


@pytest.mark.needs("amtool")
@pytest.mark.parametrize("severity", ["critical", "warning", "none"])
def test_alerts_reach_the_pager_the_chat_and_the_dead_mans_switch(config: Path, severity: str) -> None:
    receiver = {"critical": "pager", "warning": "chat", "none": "dead-mans-switch"}[severity]
    found = [(name, labels) for name, labels in ROUTED if labels["severity"] == severity]
    assert found
    for name, labels in found:
        pairs = [f"{key}={value}" for key, value in {**labels, "alertname": name}.items()]
        done = amtool("config", "routes", "test", f"--config.file={config}", f"--verify.receivers={receiver}", *pairs)
        assert done.returncode == 0, (name, done.stdout + done.stderr)


def test_secrets_are_files() -> None:
    config = yaml.safe_load(CONFIG.read_text())
    settings = [
        config["global"],
        *(
            one
            for receiver in config["receivers"]
            for kind in receiver.values()
            if isinstance(kind, list)
            for one in kind
        ),
    ]
    secret = re.compile(r"url$|url_file|key|password")
    found = {key: value for setting in settings for key, value in setting.items() if secret.search(key)}
    assert len(found) == 4
    assert all(key.endswith("_file") for key in found)
    assert all(value.startswith("/etc/alertmanager/secrets/alertmanager-receivers/") for value in found.values())


def test_the_inhibition_rules_are_those_of_the_local_stack() -> None:
    assert yaml.safe_load(CONFIG.read_text())["inhibit_rules"] == inhibitions()


@pytest.mark.needs("kubectl")
def test_the_watchdog_always_fires_and_is_notified_every_minute() -> None:
    resources = rendered(FOLDER)
    ((group,),) = (one["spec"]["groups"] for one in resources if one["kind"] == "PrometheusRule")
    assert [(rule["alert"], rule["expr"], rule.get("for")) for rule in group["rules"]] == [
        ("Watchdog", "vector(1)", None)
    ]
    deployed = yaml.safe_load(
        base64.b64decode(named(resources, "Secret", "alertmanager-tapeline")["data"]["alertmanager.yaml"])
    )
    (route,) = (one for one in deployed["route"]["routes"] if one["receiver"] == "dead-mans-switch")
    assert route["matchers"] == ["alertname = Watchdog"]
    assert (route["group_wait"], route["repeat_interval"]) == ("0s", "1m")
