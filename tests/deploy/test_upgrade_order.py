"""The commands of docs/upgrading.md for Kubernetes, with their selectors read as kubectl reads them."""

import re
from typing import Final

import pytest

from .overlays import ROOT, Resource, overlay

pytestmark = pytest.mark.needs("kubectl")

PROGRAMS: Final = {"aggregator", "reconcile", "report", "dashboard", "producer", "watchlist-import"}


def selectors() -> list[str]:
    """Return the selector of each `kubectl apply` in order; empty if it has none."""
    text = (ROOT / "docs" / "upgrading.md").read_text("utf-8")
    commands = re.findall(r"^kubectl apply -k deploy/kubernetes/overlays/production(.*)$", text, re.MULTILINE)
    return [command.removeprefix(" -l ").strip("'") for command in commands]


def selected(selector: str) -> set[str]:
    """Return the programs that an apply with this selector changes, and `schema` for the tables."""
    return {
        labels["app.kubernetes.io/name"]
        for resource in overlay("production")
        if is_selected(selector, labels := resource["metadata"].get("labels", {}))
        and "app.kubernetes.io/name" in labels
    }


def is_selected(selector: str, labels: dict[str, str]) -> bool:
    if not selector:
        return True
    one_of = re.fullmatch(r"([\w./-]+)(?:=| in | notin )\(?([\w, -]+)\)?", selector)
    assert one_of, selector
    found = labels.get(one_of[1]) in one_of[2].split(", ")
    return found != (" notin " in selector)


def runs_a_program(resource: Resource) -> bool:
    return "/tapeline" in str(resource) and resource["kind"] not in {"ConfigMap", "PrometheusRule", "K8ssandraCluster"}


def test_the_tables_come_first_then_the_aggregator_the_readers_and_at_last_the_producers() -> None:
    steps = [selected(selector) for selector in selectors()]
    readers = {"reconcile", "report", "dashboard"}
    assert steps == [{"schema"}, {"aggregator"}, readers, {"schema", *PROGRAMS}]


def test_every_program_has_the_label_that_the_selectors_name() -> None:
    running = [resource for resource in overlay("production") if runs_a_program(resource)]
    assert {one["metadata"]["labels"]["app.kubernetes.io/name"] for one in running} == {"schema", *PROGRAMS}
