"""Read a registry, or an answer to a scrape, as Prometheus would."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """The samples of one scrape."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = {family.name: family for family in families}
        self._samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """Return the sample of this name with exactly these labels."""
        return self._samples[name, frozenset(labels.items())]

    def total(self, name: str) -> float:
        """Return the sum of all samples of this name."""
        found = [value for (sample, _), value in self._samples.items() if sample == name]
        assert found, f"no sample is named {name}"
        return sum(found)

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values that a label of a sample has."""
        return {dict(labels)[label] for sample, labels in self._samples if sample == name}

    def names(self) -> set[str]:
        """Return the names of all samples."""
        return {name for name, _ in self._samples}


def scrape(registry: CollectorRegistry) -> Scrape:
    return Scrape(registry.collect())


def parse(text: str) -> Scrape:
    return Scrape(text_string_to_metric_families(text))
