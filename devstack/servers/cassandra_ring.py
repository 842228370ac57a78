"""The ring of a Cassandra cluster: the addresses, data centres and tokens of its nodes, which are numbered from 1.

- Nodes are assigned to the data centres `dc1`, `dc2` and so on in turn, each in a rack of its own.
- The founders start together with an empty ring. Their tokens divide it evenly, so they need no bootstrap.
- A node that is added later halves ranges of the founders, and streams the rows of its ranges before it joins.
"""

from __future__ import annotations

from collections import defaultdict

import attrs

TOKENS = 4  # of each node
_SMALLEST_TOKEN, _TOKEN_COUNT = -(2**63), 2**64
HINT_WINDOW_S = 3 * 60 * 60
"""Cassandra's default."""


def address(node: int) -> str:
    """Return the loopback address of a node."""
    return f"127.0.0.{node}"


@attrs.frozen(kw_only=True)
class Ring:
    """The nodes of a cluster; the first `founders` of them started together."""

    nodes: int
    founders: int
    data_centers: int
    hint_window_s: int = HINT_WINDOW_S
    """For how long the other nodes store writes for a node that is down, in seconds."""

    @property
    def seeds(self) -> list[str]:
        """The addresses at which a node that starts looks for the others."""
        return [address(node) for node in range(1, self.founders + 1)]

    @property
    def hosts(self) -> dict[str, list[str]]:
        """The addresses of all nodes by data centre."""
        found: dict[str, list[str]] = defaultdict(list)
        for node in range(1, self.nodes + 1):
            found[self.data_center(node)].append(address(node))
        return dict(found)

    def data_center(self, node: int) -> str:
        """Return the data centre of a node."""
        return f"dc{(node - 1) % self.data_centers + 1}"

    def is_founder(self, node: int) -> bool:
        """Return whether the node started together with the ring."""
        return node <= self.founders

    def tokens(self, node: int) -> list[int]:
        """Return the tokens of a node. No two nodes share one."""
        step = _TOKEN_COUNT // (TOKENS * self.founders)
        turn, founder = divmod(node - 1, self.founders)
        # The founders' turn is 0. The nodes of turn 1 take the middles of the founders' ranges, those of turn 2 the quarters, and so on.
        offset = step >> turn if turn else 0
        return [_SMALLEST_TOKEN + step * (founder + i * self.founders) + offset for i in range(TOKENS)]
