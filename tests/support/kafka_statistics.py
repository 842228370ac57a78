"""Reports of statistics as librdkafka gives them to its client."""

from __future__ import annotations

from typing import Any


def broker(node: int, state: str = "UP", name: str = "10.0.0.1:9092", **fields: Any) -> dict[str, Any]:
    """Return what a report says of one broker."""
    usual = {
        "nodeid": node,
        "nodename": name,
        "state": state,
        "tx": 10,
        "txbytes": 2000,
        "txretries": 1,
        "txerrs": 2,
        "req_timeouts": 3,
        "rtt": {"p50": 900, "p99": 51_000},
        "int_latency": {"p50": 5_000, "p99": 30_000},
    }
    return {**usual, **fields}


def report(*brokers: dict[str, Any]) -> dict[str, Any]:
    """Return a report about these brokers."""
    named = {f"{each['nodename']}/{each['nodeid']}": each for each in brokers}
    return {"brokers": named, "msg_size": 210, "msg_size_max": 67_108_864}
