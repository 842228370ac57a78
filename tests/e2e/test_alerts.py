"""Real faults in the running pipeline, and the alerts that a person is told: from Prometheus by way of Alertmanager to a webhook.

The rules are those of production, with a tenth of the patience: each `for` is divided by ten, the programs are asked every two seconds, and
Alertmanager waits half a second for company. Expressions and their windows are untouched.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
import pytest

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from apps.stack_parts import Servers, prepare
from devstack.guard import guarded
from devstack.java import java_home
from devstack.monitoring import Monitoring, MonitoringOptions, Target
from devstack.stack import Stack
from tests.alerts.alertmanager import Webhook, get, states
from tests.alerts.programs import need
from tests.e2e.programs import ROOT

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300), pytest.mark.alerts]

PATIENCE_S = 100.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, what()
        time.sleep(0.1)


@attrs.define(kw_only=True)
class Pipeline:
    """Everything that runs, and what was told about it."""

    stack: Stack
    servers: Servers
    folder: Path
    finnhub_port: int
    producer_port: int
    aggregator_port: int
    webhook: Webhook
    monitoring: Monitoring
    runs: dict[str, "subprocess.Popen[bytes]"] = attrs.Factory(dict)

    def run(self, name: str, *arguments: str) -> None:
        variables = {
            **self.servers.variables(),
            "JAVA_HOME": str(java_home()),
            "TAPELINE_FINNHUB_URL": f"ws://127.0.0.1:{self.finnhub_port}",
            "TAPELINE_FINNHUB_TOKEN": "any",
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.runs[name] = subprocess.Popen(
                [sys.executable, "-m", f"apps.{name}", *arguments],
                cwd=ROOT,
                env={**os.environ, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run_producer(self) -> None:
        self.run("producer", "--metrics-port", str(self.producer_port), "--symbols", "BINANCE:BTCUSDT")

    def run_aggregator(self) -> None:
        checkpoint = str(self.folder / "checkpoint")
        self.run(
            "aggregator", "--metrics-port", str(self.aggregator_port), "--checkpoint", checkpoint, "--stop-timeout", "5"
        )

    def end(self) -> None:
        for process in self.runs.values():
            process.kill()
            process.wait()

    def query(self, expression: str) -> float | None:
        result = get(f"{self.monitoring.prometheus_url}/api/v1/query?query={expression}")["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def flows(self) -> bool:
        """Tell whether trades that came seconds ago are stored."""
        fresh = self.query("tapeline:freshness_seconds")
        return fresh is not None and fresh < 10

    def told(self, name: str, status: str, since: int = 0) -> None:
        """Wait until an alert has come to the webhook."""
        until(
            lambda: self.webhook.told(name, status, since),
            lambda: (name, status, [(seen["name"], seen["status"]) for seen in self.webhook.seen], self.now()),
        )

    def now(self) -> dict[str, str]:
        return states(self.monitoring.alertmanager_url)

    def silenced(self, *names: str) -> None:
        until(lambda: all(self.now().get(name) == "suppressed" for name in names), self.now)

    def over(self, *names: str) -> None:
        """Wait until none of these is known any more. On a slow machine others may be: Spark's first micro-batches take longer than their trigger."""
        until(lambda: not self.now().keys() & set(names), self.now)


def simulator(port: int) -> SimulatedFinnhub:
    return SimulatedFinnhub(SimulatorSettings(port=port, rate=50))


@contextmanager
def running(folder: Path) -> Iterator[Pipeline]:
    with ExitStack() as context:
        stack = context.enter_context(guarded(Stack(name="alerts", home=folder / "home", quick_jit=True)))
        webhook = context.enter_context(Webhook())
        servers = Servers.of(stack)
        prepare(servers)
        monitoring = Monitoring(
            stack,
            MonitoringOptions(
                pager_url=webhook.url,
                chat_url=webhook.url,
                scrape_s=2,
                group_wait_s=0.5,
                group_interval_s=1,
                hold_scale=0.1,
            ),
        )
        pipeline = Pipeline(
            stack=stack,
            servers=servers,
            folder=folder,
            finnhub_port=free_port(),
            producer_port=free_port(),
            aggregator_port=free_port(),
            webhook=webhook,
            monitoring=monitoring,
        )
        context.callback(pipeline.end)
        yield pipeline


def test_each_fault_is_told_with_its_cause_alone_and_resolved_when_it_is_mended(tmp_path: Path) -> None:
    need("prometheus")
    need("prometheus-alertmanager", "alertmanager")
    need("prometheus-node-exporter", "node_exporter")
    with running(tmp_path) as pipeline:
        finnhub = simulator(pipeline.finnhub_port)
        finnhub.start()
        pipeline.run_producer()
        pipeline.run_aggregator()
        pipeline.monitoring.start(
            [
                Target(job="producer", address=f"127.0.0.1:{pipeline.producer_port}", labels={"market": "always"}),
                Target(job="aggregator", address=f"127.0.0.1:{pipeline.aggregator_port}"),
            ]
        )
        try:
            until(pipeline.flows, lambda: (tmp_path / "aggregator.log").read_text()[-3000:])
            pipeline.over("FeedDisconnected", "ProgramNotReady")

            finnhub.close()
            mark = len(pipeline.webhook.seen)
            pipeline.told("FeedDisconnected", "firing", mark)
            pipeline.silenced("ProgramNotReady")
            assert not pipeline.webhook.told("ProgramNotReady", "firing", mark)
            finnhub = simulator(pipeline.finnhub_port)
            finnhub.start()
            pipeline.told("FeedDisconnected", "resolved", mark)
            until(pipeline.flows, pipeline.now)
            pipeline.over("FeedDisconnected", "ProgramNotReady")

            mark = len(pipeline.webhook.seen)
            pipeline.stack.kill("kafka-1")
            pipeline.told("KafkaDown", "firing", mark)
            pipeline.silenced("KafkaBrokerDown", "ProgramNotReady")
            assert not pipeline.webhook.told("KafkaBrokerDown", "firing", mark)
            pipeline.stack.start("kafka-1")
            pipeline.told("KafkaDown", "resolved", mark)
            until(pipeline.flows, lambda: ((tmp_path / "aggregator.log").read_text()[-3000:], pipeline.now()))
            pipeline.over("KafkaDown", "AggregatorDown")

            mark = len(pipeline.webhook.seen)
            pipeline.stack.stop("cassandra-1")
            pipeline.told("CassandraDown", "firing", mark)
            pipeline.silenced("CassandraNodeDown")
            assert not pipeline.webhook.told("CassandraNodeDown", "firing", mark)
            pipeline.stack.start("cassandra-1")
            pipeline.told("CassandraDown", "resolved", mark)
            until(lambda: pipeline.flows() or pipeline.runs["aggregator"].poll() is not None, pipeline.now)
            if pipeline.runs["aggregator"].poll() is not None:
                # Its batch failed and it ended, as it should. A supervisor would start it again.
                pipeline.told("AggregatorDown", "firing", mark)
                pipeline.run_aggregator()
                pipeline.told("AggregatorDown", "resolved", mark)
            until(pipeline.flows, lambda: ((tmp_path / "aggregator.log").read_text()[-3000:], pipeline.now()))
        finally:
            finnhub.close()
            pipeline.monitoring.close()
