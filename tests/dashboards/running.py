"""A running pipeline, scraped by a real Prometheus: simulated feed, producer, Kafka, aggregator, Cassandra.

The feed sends invalid trades, malformed frames and redelivered frames as well, so that the counters of failures increase.
Programs and Prometheus listen on free ports.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import requests

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from adapters.simulator.quirks import Quirks
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from apps.runtime.child_processes import Child
from devstack.servers.java import java_home
from devstack.servers.jmx_exporter import agent_option
from devstack.stack import Stack
from devstack.stack.monitoring import Monitoring
from devstack.stack.monitoring_config import MonitoringOptions, Target
from tests.support.free_ports import free_port
from tests.support.keyspaces import fresh_settings
from tests.support.timeouts import scaled, wait_until

SYMBOLS = ("AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD")
SCRAPE_S = 2
START_TIMEOUT_S = scaled(200.0)
"""Spark starts slowly on a busy machine."""

Json = dict[str, Any]


def wait_until_scraped(condition: Callable[[], bool], what: str, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until the condition on Prometheus' data holds. It changes with a scrape only, so it is checked rarely."""
    wait_until(condition, what, timeout_s, poll_s=0.5)


@attrs.frozen
class Prometheus:
    """A client for the HTTP API of a real server."""

    url: str

    def get(self, path: str, **parameters: str) -> Json:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=20)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def instant(self, expr: str) -> list[Json]:
        result: list[Json] = self.get("query", query=expr)["data"]["result"]
        return result

    def range(self, expr: str, seconds: int = 60) -> list[Json]:
        now = time.time()
        span = {"start": f"{now - seconds}", "end": f"{now}", "step": "5"}
        result: list[Json] = self.get("query_range", query=expr, **span)["data"]["result"]
        return result

    def instances(self, metric: str) -> list[str]:
        """Return the values of Grafana's `label_values(metric, instance)`."""
        values: list[str] = self.get("label/instance/values", **{"match[]": metric})["data"]
        return values

    def all_up(self, jobs: set[str]) -> bool:
        """Return whether all these jobs have targets, and the last scrape of every target succeeded."""
        targets = self.get("targets")["data"]["activeTargets"]
        known = {target["labels"]["job"] for target in targets}
        return jobs <= known and all(target["health"] == "up" for target in targets)


@contextmanager
def prometheus(stack: Stack, targets: Sequence[Target]) -> Iterator[Prometheus]:
    """Run Prometheus as the dev stack does, with the project's configuration and rules. Nothing listens at the addresses for alerts."""
    unused = f"http://127.0.0.1:{free_port()}/"
    monitoring = Monitoring(stack, MonitoringOptions(pager_url=unused, chat_url=unused, scrape_s=SCRAPE_S))
    try:
        monitoring.start(targets)
        yield Prometheus(monitoring.prometheus_url)
    finally:
        monitoring.close()


@attrs.frozen(kw_only=True)
class Running:
    """The servers of the running pipeline that tests query."""

    prometheus: Prometheus
    cassandra: CassandraSettings


@contextmanager
def pipeline(kafka_stack: Stack, cassandra_stack: Stack, folder: Path) -> Iterator[Running]:
    """Run the pipeline with its own topics and tables."""
    topic = f"dashboards-{os.getpid()}"
    kafka = KafkaSettings(
        bootstrap_servers=kafka_stack.bootstrap_servers, trades_topic=topic, dead_letters_topic=f"{topic}.dlq"
    )
    ensure_topics(kafka, profile=Profile.DEV)
    cassandra = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    apply_schema(cassandra, Replication.dev())
    quirks = Quirks(invalid_rate=0.02, garbage_rate=0.01, redelivery_rate=0.02, backwards_rate=0.05)
    ports = {name: free_port() for name in ("producer", "aggregator", "spark")}
    with ExitStack() as stack:
        feed = stack.enter_context(SimulatedFinnhub(SimulatorSettings(rate=200, quirks=quirks)))
        settings = {
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "TAPELINE_KAFKA_TRADES_TOPIC": kafka.trades_topic,
            "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": kafka.dead_letters_topic,
            "TAPELINE_CASSANDRA_HOSTS": ",".join(cassandra.hosts),
            "TAPELINE_CASSANDRA_PORT": str(cassandra.port),
            "TAPELINE_CASSANDRA_KEYSPACE": cassandra.keyspace,
            "TAPELINE_CASSANDRA_LOCAL_DC": cassandra.local_dc,
            "TAPELINE_FINNHUB_URL": feed.url,
            "TAPELINE_FINNHUB_TOKEN": "any",
            "JAVA_HOME": str(java_home()),
            # For the driver's JVM. With the first compiler only, it starts faster.
            "SPARK_SUBMIT_OPTS": f"{agent_option('spark', '127.0.0.1', ports['spark'])} -XX:TieredStopAtLevel=1",
        }
        producer = ["apps.producer", "--symbols", ",".join(SYMBOLS), "--metrics-port", str(ports["producer"])]
        aggregator = ["apps.aggregator", "--checkpoint", str(folder / "checkpoint")]
        aggregator += ["--metrics-port", str(ports["aggregator"])]
        children = [
            stack.enter_context(Child(arguments[0], arguments, folder / f"{arguments[0]}.log", settings))
            for arguments in (aggregator, producer)
        ]
        targets = [Target(job=name, address=f"127.0.0.1:{port}") for name, port in ports.items()]
        for name, address in cassandra_stack.metrics_targets.items():
            targets.append(Target(job="cassandra", address=address, labels={"server": name}))
        server = stack.enter_context(prometheus(kafka_stack, targets))

        def all_is_scraped() -> bool:
            for child in children:
                child.check()
            return server.all_up({*ports, "kafka", "cassandra", "node"})

        wait_until_scraped(all_is_scraped, "every target is scraped")
        yield Running(prometheus=server, cassandra=cassandra)


def grafana_regex(values: list[str]) -> str:
    """Return the regular expression that Grafana sends to Prometheus if all values of a variable are selected."""
    escaped = [re.escape(value).replace("\\", "\\\\") for value in values]
    return f"({'|'.join(escaped)})"
