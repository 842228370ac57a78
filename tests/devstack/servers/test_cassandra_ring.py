"""The ring of a Cassandra cluster: its data centres, and the tokens of nodes that start together or are added."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import attrs
import pytest

from devstack.servers.cassandra import CassandraNode
from devstack.servers.cassandra_ring import TOKENS, Ring


def ring(nodes: int, *, founders: int | None = None, data_centers: int = 1) -> Ring:
    return Ring(nodes=nodes, founders=founders or nodes, data_centers=data_centers)


def all_tokens(of: Ring) -> list[int]:
    return sorted(token for node in range(1, of.nodes + 1) for token in of.tokens(node))


def settings(of: Ring, node: int) -> dict[str, object]:
    return CassandraNode(
        node=node,
        ring=of,
        port=9042,
        storage_port=7000,
        metrics_port=9504,
        cluster_name="c",
        folder=Path("/x"),
        heap_mb=512,
        quick_jit=True,
    ).settings()


def steps(tokens: Iterable[int]) -> set[int]:
    return {b - a for a, b in itertools.pairwise(tokens)}


def test_the_tokens_of_the_founders_divide_the_ring_evenly() -> None:
    tokens = all_tokens(ring(3))
    assert len(tokens) == 3 * TOKENS
    assert len(steps(tokens)) == 1
    assert -(2**63) <= tokens[0] <= tokens[-1] < 2**63


@pytest.mark.parametrize("founders", [1, 2, 3, 4])
def test_a_node_that_is_added_halves_ranges_and_changes_no_token(founders: int) -> None:
    before = ring(founders)
    for nodes in range(founders + 1, 10):
        after = ring(nodes, founders=founders)
        assert all(after.tokens(node) == before.tokens(node) for node in range(1, nodes))
        assert len(set(all_tokens(after))) == nodes * TOKENS
        before = after
    doubled = steps(all_tokens(ring(2 * founders, founders=founders)))
    assert max(doubled) - min(doubled) <= 1


def test_a_node_that_is_added_streams_from_the_founders() -> None:
    grown = ring(3, founders=2)
    assert [settings(grown, node)["auto_bootstrap"] for node in (1, 2, 3)] == [False, False, True]
    assert grown.seeds == ["127.0.0.1", "127.0.0.2"]


def test_nodes_are_assigned_to_data_centers_in_turn() -> None:
    assert ring(3, data_centers=2).hosts == {"dc1": ["127.0.0.1", "127.0.0.3"], "dc2": ["127.0.0.2"]}


def test_the_hint_window_is_cassandras_unless_it_is_set() -> None:
    assert settings(ring(1), 1)["max_hint_window"] == "10800s"
    assert settings(attrs.evolve(ring(1), hint_window_s=5), 1)["max_hint_window"] == "5s"
