"""A producer and an aggregator as processes whose metrics are scraped, as Prometheus would, with those of their servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
from confluent_kafka import Producer

from adapters.cassandra.replication import Replication
from adapters.cassandra.schema import apply_schema
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from apps.local_stack.parts import Servers
from devstack.servers.java import java_home
from devstack.servers.jmx_exporter import agent_option
from devstack.stack import Stack

from .free_ports import free_port
from .keyspaces import fresh_settings
from .releases import ROOT
from .scraping import Scrape, parse
from .timeouts import scaled, wait_until

START_TIMEOUT_S = scaled(200.0)
"""For what includes the start of Spark."""


def get(address: str, path: str) -> tuple[int, str]:
    """Return the status and the text of an answer; status 0 is no answer."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()
    except OSError:
        return 0, ""


def until(done: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds, with few checks: each is a scrape."""
    wait_until(done, what, START_TIMEOUT_S, poll_s=0.1)


def scraped(address: str) -> Scrape:
    """Return the metrics at an address."""
    status, text = get(address, "/metrics")
    assert status == 200
    return parse(text)


@attrs.define
class Program:
    """One of our programs as a process, with its output in a file."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    @classmethod
    def start(cls, log: Path, *arguments: str, environment: Mapping[str, str]) -> Program:
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments, "--metrics-port", str(port)],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return cls(process, f"127.0.0.1:{port}", log)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text("utf-8", "replace")[-3000:]
        return get(self.address, "/readyz") == (200, "ok\n")

    def end(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


@attrs.frozen
class Pipeline:
    """Everything that runs; addresses by the name of what answers there."""

    producer: Program
    aggregator: Program
    addresses: Mapping[str, str]
    topic: str
    keyspace: str

    def scrape(self, name: str) -> Scrape:
        return scraped(self.addresses[name])


@contextmanager
def running_pipeline(kafka_stack: Stack, cassandra_stack: Stack, folder: Path) -> Iterator[Pipeline]:
    """A pipeline that has stored trades; one record of those that it read was none. Its logs are in the folder."""
    topic = f"m{uuid.uuid4().hex[:8]}"
    kafka = KafkaSettings(
        bootstrap_servers=kafka_stack.bootstrap_servers, trades_topic=topic, dead_letters_topic=f"{topic}.dlq"
    )
    ensure_topics(kafka, profile=Profile.DEV)
    cassandra = fresh_settings((cassandra_stack.cassandra_hosts, cassandra_stack.cassandra_port))
    apply_schema(cassandra, Replication.dev())
    spark = f"127.0.0.1:{free_port()}"
    environment = {
        **Servers(kafka=kafka, cassandra=cassandra).variables(),
        "TAPELINE_KAFKA_TRADES_TOPIC": kafka.trades_topic,
        "TAPELINE_KAFKA_DEAD_LETTERS_TOPIC": kafka.dead_letters_topic,
        "JAVA_HOME": str(java_home()),
        "SPARK_SUBMIT_OPTS": agent_option("spark", *_host_and_port(spark)),
    }
    with ExitStack() as stack:
        arguments = ["apps.aggregator", "--checkpoint", str(folder / "checkpoint"), "--allowed-lateness", "1"]
        aggregator = Program.start(folder / "aggregator.log", *arguments, environment=environment)
        stack.callback(aggregator.end)
        arguments = ["apps.producer", "--feed", "simulated", "--simulator-rate", "200"]
        producer = Program.start(folder / "producer.log", *arguments, environment=environment)
        stack.callback(producer.end)
        until(producer.is_ready, "the producer is ready")
        until(aggregator.is_ready, "the aggregator is ready")
        raw = Producer({"bootstrap.servers": kafka.bootstrap_servers})
        raw.produce(topic, value=b"no trade")
        assert raw.flush(30) == 0
        until(lambda: _has_seen_it_all(scraped(aggregator.address)), "a reject, and trades that are stored")
        addresses = {
            "producer": producer.address,
            "aggregator": aggregator.address,
            "kafka": kafka_stack.metrics_targets["kafka-1"],
            "cassandra": cassandra_stack.metrics_targets["cassandra-1"],
            "spark": spark,
        }
        yield Pipeline(producer, aggregator, addresses, topic, cassandra.keyspace)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.partition(":")
    return host, int(port)


def _has_seen_it_all(found: Scrape) -> bool:
    batches = [
        found.value("tapeline_aggregator_batch_seconds_count", query=query, phase="total")
        for query in ("trades", "candles")
    ]
    return (
        found.value("tapeline_aggregator_rejected_total") == 1
        and found.value("tapeline_aggregator_end_to_end_latency_seconds_count") > 0
        and found.value("tapeline_aggregator_watermark_lag_seconds") > 0
        and min(batches) >= 3
    )
