"""The alerting rules, and the names of the documented metrics."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"

_KEYWORDS = {"and", "or", "unless", "on", "ignoring", "by", "without", "group_left", "group_right", "bool", "offset"}


def _load(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


@cache
def rules() -> tuple[dict[str, Any], ...]:
    return tuple(rule for file in RULES for group in _load(file)["groups"] for rule in group["rules"])


@cache
def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def alert_tests() -> list[dict[str, Any]]:
    return [test for file in TESTS for case in _load(file)["tests"] for test in case.get("alert_rule_test", ())]


def inhibitions() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = _load(ALERTMANAGER)["inhibit_rules"]
    return rules


def metrics_used(expression: str) -> set[str]:
    """Return the metrics in an expression: the names that are not strings, label matchers, lists of labels, ranges, functions or keywords."""
    text = re.sub(r'"[^"]*"', "", expression)
    text = re.sub(r"\{[^}]*\}", "", text)
    text = re.sub(r"\[[^\]]*\]", "", text)
    text = re.sub(r"\b(on|ignoring|by|without|group_left|group_right)\s*\([^)]*\)", "", text)
    names = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", text)
    return {name for name in names if name not in _KEYWORDS}


def metrics_documented() -> set[str]:
    """Return the metrics that docs/metrics.md lists, and the external ones that docs/alerts.md lists."""
    names = set()
    text = (ROOT / "docs" / "metrics.md").read_text()
    for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE):
        names |= {f"{name}{end}" for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    names |= set(re.findall(r"`((?:jvm|process)_\w+)", text))
    others = (ROOT / "docs" / "alerts.md").read_text().partition("## External metrics")[2].partition("\n## ")[0]
    return names | set(re.findall(r"^\| `(\w+)` \|", others, re.MULTILINE))
