"""docs/metrics.md lists exactly what is exported: names, types and labels."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from adapters.prometheus.aggregator import AggregatorMetrics
from adapters.prometheus.registry import new_registry
from adapters.prometheus.reports import ReportMetrics
from adapters.spark.layout import QUERIES
from apps.containers.long_running import LiveContainer, ProducerContainer
from apps.observability.health import Health
from apps.observability.metrics_endpoint import monitoring_app
from apps.settings.live import LiveSettings
from apps.settings.producer import ProducerSettings
from devstack.servers.jmx_exporter import Kind, rules_file
from tests.support.day_reports import make_report
from tests.support.kafka_statistics import broker, report
from tests.support.metrics_documentation import SECTIONS, Described, documented

_RULE = re.compile(
    r"- pattern:.*\n    name: (\w+)\n(?:    labels: \{(.*)\}\n)?(?:    valueFactor:.*\n)?    type: (\w+)\n    help: .+"
)
_HEALTHY = Health(stalled=list, unready=list)


def exported(families: Iterable[Metric]) -> dict[str, tuple[Described, frozenset[str]]]:
    """Return what a registry exports, beside the process's own, with the values of its labels."""
    found = {}
    for family in families:
        if family.name.startswith("process_"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = [sample.labels for sample in family.samples]
        names = frozenset(label for each in labels for label in each if label != "le")
        values = frozenset(value for each in labels for label, value in each.items() if label != "le")
        found[name] = (Described(family.type, names), values)
    return found


def producer() -> CollectorRegistry:
    container = ProducerContainer(settings=ProducerSettings(feed="simulated", watchlist=True))
    container.ingest()
    container.feed().subscribe(["AAPL"])
    container.kafka_client().statistics(report(broker(1)))
    registry = container.registry()
    monitoring_app(registry, container.health())
    return registry


def live() -> CollectorRegistry:
    container = LiveContainer(settings=LiveSettings())
    container.ingest()
    container.feed().subscribe(["AAPL"])
    container.aggregator()
    registry = container.registry()
    monitoring_app(registry, container.health())
    return registry


def aggregator() -> CollectorRegistry:
    registry = new_registry("1.2.3")
    AggregatorMetrics(registry, QUERIES)
    monitoring_app(registry, _HEALTHY)
    return registry


def page() -> CollectorRegistry:
    registry = new_registry("1.2.3")
    registry.register(ReportMetrics(lambda: [make_report()]))
    monitoring_app(registry, _HEALTHY)
    return registry


PRODUCER_ONLY = {"tapeline_publisher_buffer_records", "tapeline_publish_latency_seconds"}


@pytest.mark.parametrize("program", ["producer", "live", "aggregator", "page"])
def test_a_program_exports_what_is_documented_and_nothing_else(program: str) -> None:
    registry = {"producer": producer, "live": live, "aggregator": aggregator, "page": page}[program]()
    said = documented(*SECTIONS[program])
    if program == "live":
        said = {name: row for name, row in said.items() if name not in PRODUCER_ONLY}
    done = exported(registry.collect())
    assert done.keys() == said.keys()
    for name, (metric, values) in done.items():
        assert metric.type == said[name].type, name
        assert metric.words <= said[name].words, name
        # What else is named there are values; not every value is, such as a broker's id.
        assert said[name].words <= metric.words | values, name


@pytest.mark.parametrize(
    ("kind", "section"), [("kafka", "Kafka brokers"), ("cassandra", "Cassandra nodes"), ("spark", "Spark driver")]
)
def test_the_rules_of_a_server_give_what_is_documented_and_nothing_else(kind: Kind, section: str) -> None:
    rules = rules_file(kind).read_text(encoding="utf-8")
    found = _RULE.findall(rules)
    assert len(found) == rules.count("- pattern:")
    said = documented(section)
    done = {name: Described(type_.lower(), frozenset(re.findall(r"(\w+):", labels))) for name, labels, type_ in found}
    assert done.keys() == said.keys()
    for name, metric in done.items():
        assert metric.type == said[name].type, name
        assert metric.words <= said[name].words, name


def test_no_metric_has_a_label_for_each_symbol() -> None:
    for registry in (producer(), live(), aggregator(), page()):
        for metric, _ in exported(registry.collect()).values():
            assert not {"symbol", "venue"} & metric.words
