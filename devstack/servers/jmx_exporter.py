"""The Prometheus JMX exporter: an agent inside a server's JVM that answers `/metrics`, by the rules in `jmx`.

- `kafka.yaml`, `cassandra.yaml`, `spark.yaml` name what is exported and under which names; docs/metrics.md lists them.
- The agent loads before the server does and binds its own port: a busy one ends the server's start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from devstack.jars import classpath

Kind = Literal["kafka", "cassandra", "spark"]


def rules_file(kind: Kind) -> Path:
    """Return the file of rules for a kind of server."""
    return Path(__file__).with_name("jmx") / f"{kind}.yaml"


def agent_option(kind: Kind, host: str, port: int) -> str:
    """Return the JVM option that has a server export its metrics on `host`:`port`; fetches the agent if need be.

    Raises:
        DevstackError: the agent cannot be had.

    """
    [agent] = classpath("jmx")
    return f"-javaagent:{agent}={host}:{port}:{rules_file(kind)}"
