from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from adapters.prometheus.tally import Tally
from tests.support.scraping import scrape

BOUNDS = (0.005, 0.01, 1, 2.5)
# Dyadic, so that sums are exact in any order; with values on the bounds themselves.
VALUES = st.lists(st.integers(0, 4096).map(lambda n: n / 1024) | st.sampled_from(BOUNDS[2:]))


def samples(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    [family] = registry.collect()
    return {(sample.name, sample.labels.get("le", "")): sample.value for sample in family.samples}


@given(VALUES, VALUES)
def test_it_exports_what_a_histogram_of_the_client_library_does(one_by_one: list[float], at_once: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tally = Tally("x_seconds", "X", BOUNDS, ours)
    histogram = Histogram("x_seconds", "X", buckets=BOUNDS, registry=theirs)
    for value in one_by_one:
        tally.observe(value)
    tally.observe_all(at_once)
    for value in one_by_one + at_once:
        histogram.observe(value)
    expected = {key: value for key, value in samples(theirs).items() if not key[0].endswith("_created")}
    assert samples(ours) == expected


def test_a_weight_counts_a_value_so_many_times() -> None:
    registry = CollectorRegistry()
    Tally("x_seconds", "X", BOUNDS, registry).observe(2.0, 3)
    found = scrape(registry)
    assert found.value("x_seconds_bucket", le="1.0") == 0
    assert found.value("x_seconds_bucket", le="2.5") == 3
    assert found.value("x_seconds_sum") == 6


@pytest.mark.parametrize("at_once", [False, True])
def test_a_negative_value_counts_as_0_so_that_the_sum_never_falls(at_once: bool) -> None:
    registry = CollectorRegistry()
    tally = Tally("x_seconds", "X", BOUNDS, registry)
    tally.observe(2.0)
    if at_once:
        tally.observe_all([0.5, -5.0, -1.0])
    else:
        for value in (0.5, -5.0, -1.0):
            tally.observe(value)
    found = scrape(registry)
    assert found.value("x_seconds_sum") == 2.5
    assert found.value("x_seconds_count") == 4
    assert found.value("x_seconds_bucket", le="0.005") == 2
