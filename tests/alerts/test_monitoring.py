import stat
from pathlib import Path

import pytest
import yaml

from devstack.errors import DevstackError
from devstack.servers import monitoring_programs
from devstack.servers.secrets import Secrets
from devstack.stack import Stack
from devstack.stack.monitoring import Monitoring, require_monitoring
from devstack.stack.monitoring_config import MonitoringOptions, render, scale_holds, write_config, write_targets
from tests.support.alert_rules import RULES
from tests.support.needs import MONITORING, path_of

from .programs import run


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


def test_the_login_of_a_webhook_is_in_no_url_and_in_a_private_file(tmp_path: Path) -> None:
    options = MonitoringOptions(pager_url="http://me:a%2Fb@127.0.0.1:9/", chat_url="http://127.0.0.1:9/chat")
    write_config(tmp_path, options, prometheus_port=9090, alertmanager_port=9093)
    file = tmp_path / "alertmanager.yml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    pager, chat = (receiver["webhook_configs"][0] for receiver in yaml.safe_load(file.read_text())["receivers"])
    assert pager["url"] == "http://127.0.0.1:9/"
    assert pager["http_config"] == {"basic_auth": {"username": "me", "password": "a/b"}}
    assert pager["send_resolved"] is True
    assert (chat["url"], "http_config" in chat) == ("http://127.0.0.1:9/chat", False)


@pytest.mark.needs("promtool")
def test_prometheus_reaches_the_programs_of_a_secure_stack_by_tls_and_with_their_token(tmp_path: Path) -> None:
    secrets = Secrets(folder=tmp_path / "secrets")
    secrets.make({})
    options = MonitoringOptions(pager_url="http://127.0.0.1:9", chat_url="http://127.0.0.1:9", secrets=secrets)
    write_config(tmp_path, options, prometheus_port=9090, alertmanager_port=9093)
    write_targets(tmp_path / "targets.json", [])
    write_targets(tmp_path / "protected.json", [])
    file = tmp_path / "prometheus.yml"
    result = run(path_of("promtool"), "check", "config", str(file))
    assert result.returncode == 0, result.stdout + result.stderr
    [protected] = [job for job in yaml.safe_load(file.read_text())["scrape_configs"] if job["job_name"] == "protected"]
    assert protected["scheme"] == "https"
    assert Path(protected["authorization"]["credentials_file"]).read_text() not in file.read_text()


@pytest.mark.needs(*MONITORING)
def test_monitoring_needs_a_running_stack(tmp_path: Path) -> None:
    options = MonitoringOptions(pager_url="http://127.0.0.1:9/secret", chat_url="http://127.0.0.1:9/secret")
    assert "secret" not in repr(options)
    monitoring = Monitoring(Stack(name="absent", home=tmp_path), options)
    with pytest.raises(DevstackError, match="bring it up first"):
        monitoring.start()
    monitoring.close()
