"""The registry of a program, with what every program tells of itself: its version, and the process it is."""

import prometheus_client
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector


def new_registry(version: str) -> CollectorRegistry:
    """Make a registry that knows the program's version and its process (CPU, memory, open files; on Linux)."""
    # A second series for each counter, the moment of its creation, that nobody asks for.
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    Gauge("tapeline_build_info", "Always 1; the version is a label", ["version"], registry=registry).labels(
        version
    ).set(1)
    return registry
