from pathlib import Path

import pytest

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
