"""The Prometheus JMX exporter: a Java agent in a server's JVM that serves `/metrics`, by the rules in `jmx`.

- `kafka.yaml`, `cassandra.yaml` and `spark.yaml` define the exported metrics and their names; docs/metrics.md lists them.
- The agent starts before the server and binds its own port. When the port is in use, the server does not start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from devstack.jars import classpath

Kind = Literal["kafka", "cassandra", "spark"]


def rules_file(kind: Kind) -> Path:
    """Return the rules file for a kind of server."""
    return Path(__file__).with_name("jmx") / f"{kind}.yaml"


def agent_option(kind: Kind, host: str, port: int) -> str:
    """Return the JVM option that makes a server export its metrics on `host`:`port`. Download the agent when it is not cached.

    Raises:
        DevstackError: the agent cannot be downloaded.

    """
    [agent] = classpath("jmx")
    return f"-javaagent:{agent}={host}:{port}:{rules_file(kind)}"
