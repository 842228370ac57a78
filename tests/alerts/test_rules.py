import re
from pathlib import Path

import pytest

from tests.support.alert_rules import (
    PROMETHEUS,
    ROOT,
    RULES,
    RUNBOOKS,
    TESTS,
    alert_tests,
    alerts,
    metrics_documented,
    metrics_used,
    recorded,
    rules,
)
from tests.support.needs import path_of

from .programs import run


@pytest.mark.needs("promtool")
def test_promtool_accepts_the_rules() -> None:
    result = run(path_of("promtool"), "check", "rules", "--lint-fatal", *map(str, RULES))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_unit_tests_of_the_rules_pass(file: Path) -> None:
    result = run(path_of("promtool"), "test", "rules", str(file))
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_is_quiet() -> None:
    fires = {test["alertname"] for test in alert_tests() if test["exp_alerts"]}
    quiet = {test["alertname"] for test in alert_tests() if not test["exp_alerts"]}
    assert fires == set(alerts())
    assert quiet == set(alerts())


def test_every_rule_uses_documented_metrics_only() -> None:
    known = metrics_documented() | recorded()
    unknown = {
        (rule.get("alert") or rule["record"], name) for rule in rules() for name in metrics_used(rule["expr"]) - known
    }
    assert unknown == set()


def test_the_names_of_metrics_are_found_in_an_expression() -> None:
    expression = (
        'sum by (job, le) (rate(a_total{b="c"}[5m])) / on(instance) group_left(d) e:f unless g_seconds > bool 0.5 * 2e3'
    )
    assert metrics_used(expression) == {"a_total", "e:f", "g_seconds"}


@pytest.mark.parametrize("name", alerts())
def test_every_alert_names_what_is_affected_its_severity_and_its_runbook(name: str) -> None:
    alert = alerts()[name]
    labels, words = alert["labels"], alert["annotations"]
    assert labels["severity"] in {"critical", "warning"}
    assert labels["component"]
    assert words["runbook_url"] == f"docs/runbooks/{name}.md"
    assert len(words["description"]) > 30
    named = (
        "{{" in words["summary"]
        or "objective" in labels
        or name in {"KafkaDown", "CassandraDown"}
        or labels["component"] == "objectives"
    )
    assert named, words["summary"]


@pytest.mark.parametrize("name", alerts())
def test_every_alert_has_a_runbook_with_the_same_sections(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    assert parts[1::2] == ["Meaning", "Impact", "Diagnosis", "Mitigation", "Tested"]
    assert all(len(part.strip()) > 15 for part in parts[2::2])


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {file.stem for file in RUNBOOKS.glob("*.md")} - {"README"} == set(alerts())


def test_runbooks_name_existing_files_and_modules_only() -> None:
    for file in RUNBOOKS.glob("*.md"):
        text = file.read_text()
        for module in re.findall(r"python -m ((?:apps|devstack)[\w.]*)", text):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or path.is_dir(), (file.name, module)
        for link in re.findall(r"\]\(([\w./-]+\.md)", text):
            assert (file.parent / link).exists(), (file.name, link)


@pytest.mark.needs("promtool")
def test_promtool_accepts_the_configuration_with_all_variables_replaced(tmp_path: Path) -> None:
    values = {
        "SCRAPE_INTERVAL": "15s", "SCRAPE_TIMEOUT": "10s", "EVALUATION_INTERVAL": "15s", "ENVIRONMENT": "production",
        "FOLDER": str(PROMETHEUS), "PROMETHEUS_ADDRESS": "127.0.0.1:9090",
    }  # fmt: skip
    text = (PROMETHEUS / "prometheus.yml").read_text()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    file = tmp_path / "prometheus.yml"
    file.write_text(text)
    assert "${" not in text.partition("\nglobal:")[2]
    result = run(path_of("promtool"), "check", "config", str(file))
    assert result.returncode == 0, result.stdout + result.stderr
