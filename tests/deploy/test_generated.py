import json

import pytest
import yaml

from deploy.generator.resources import generated

from .overlays import ROOT, named, overlay


def test_generated_files_are_current() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in generated().items()
        if not path.exists() or path.read_text() != text
    ]
    assert stale == [], "run `make deployment`"


@pytest.mark.needs("kubectl")
def test_production_has_every_alert_rule_that_the_local_stack_has() -> None:
    deployed = [
        rule for one in overlay("production") if one["kind"] == "PrometheusRule"
        for group in one["spec"]["groups"] for rule in group["rules"]
    ]  # fmt: skip
    files = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    local = [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]
    assert len(local) > 30
    assert sorted(map(_text, deployed)) == sorted(map(_text, local))


def _text(rule: object) -> str:
    return json.dumps(rule, sort_keys=True)


@pytest.mark.needs("kubectl")
def test_production_has_every_dashboard() -> None:
    files = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
    assert len(files) >= 6
    for file in files:
        board = named(overlay("production"), "ConfigMap", f"dashboard-{file.stem}")
        assert board["metadata"]["labels"] == {"grafana_dashboard": "1"}
        assert board["data"] == {file.name: file.read_text()}
