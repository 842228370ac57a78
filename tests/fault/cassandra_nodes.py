"""What the Cassandra nodes of a stack report about themselves and about each other."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Collection, Sequence
from typing import Final

from devstack.stack import Stack
from tests.support.aggregators import until
from tests.support.server_tools import nodetool

from .supervising import TIMEOUT_S

HINTED_S: Final = 35.0
"""A write to a node that is not yet known to be down becomes a hint when it times out, and the hint is on the disk 10 s later."""


def figure(stack: Stack, node: str, name: str) -> float:
    """Return a metric of a node; 0 before it exists."""
    with urllib.request.urlopen(f"http://{stack.metrics_targets[node]}/metrics", timeout=30) as reply:
        text = reply.read().decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def nodes_down(stack: Stack, node: str) -> int:
    """Return the number of other nodes that a node considers to be down."""
    return int(figure(stack, node, 'cassandra_endpoints{state="down"}'))


def hints_not_stored(stack: Stack, node: str, absent: str) -> int:
    """Return the number of writes for `absent` that a node did not store as hints, because the hint window was over."""
    host, _, _ = stack.metrics_targets[absent].partition(":")
    return int(figure(stack, node, f'cassandra_hints_not_stored_total{{node="{host}"}}'))


def until_no_hint_is_left(stack: Stack, nodes: Sequence[str]) -> None:
    """Wait until the nodes have delivered their hints."""
    seen = time.monotonic()

    def none_for_a_while() -> bool:
        nonlocal seen
        if any(next((stack.folder / node).rglob("*.hints"), None) for node in nodes):
            seen = time.monotonic()
        return time.monotonic() - seen > HINTED_S

    until(none_for_a_while, "hints are delivered", TIMEOUT_S)


def until_all_are_up(stack: Stack, nodes: Collection[str]) -> None:
    """Wait until each node reports every node as up and normal (UN)."""

    def all_up() -> bool:
        return all(nodetool(stack, "status", node=node).count("\nUN ") == len(nodes) for node in nodes)

    until(lambda: not any(nodes_down(stack, node) for node in nodes), "no node is down", TIMEOUT_S)
    until(all_up, "every node is UN", TIMEOUT_S)


def replicas_are_in_sync(stack: Stack, keyspace: str) -> bool:
    """Return whether all replicas of the first node's ranges are equal, by Cassandra's own comparison of their Merkle trees."""
    report = nodetool(stack, "repair", "--full", "--preview", keyspace)
    return "Previewed data was in sync" in report
