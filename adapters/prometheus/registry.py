"""The registry of a program, with the metrics that every program has: its version and its process."""

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector


def new_registry(version: str) -> CollectorRegistry:
    """Return a registry with the program's version and its process (CPU, memory, open files; on Linux)."""
    # A second series for each counter, the time of its creation, which has no use here.
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    Gauge("tapeline_build_info", "Always 1; the version is a label", ["version"], registry=registry).labels(
        version
    ).set(1)
    return registry
