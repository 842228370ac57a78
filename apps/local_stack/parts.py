"""The parts of `tapeline stack`: where its servers are, topics and tables, and its two programs."""

import os
from pathlib import Path
from typing import Final

import attrs

from adapters.cassandra.replication import Replication
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile
from apps.containers import AdminContainer
from apps.runtime.child_processes import Child
from apps.settings.stack import StackSettings
from devstack.servers.java import java_home
from devstack.servers.jmx_exporter import agent_option
from devstack.stack import Stack

CHECKPOINT: Final = "checkpoint"


@attrs.frozen(kw_only=True)
class Servers:
    """Where the dev stack's servers are, as settings of the adapters."""

    kafka: KafkaSettings
    cassandra: CassandraSettings

    @classmethod
    def of(cls, stack: Stack) -> "Servers":
        """Return those of a stack that is up."""
        return cls(
            kafka=KafkaSettings(bootstrap_servers=stack.bootstrap_servers),
            cassandra=CassandraSettings(
                hosts=tuple(stack.cassandra_hosts), port=stack.cassandra_port, local_dc=stack.cassandra_datacenter
            ),
        )

    def variables(self) -> dict[str, str]:
        """Return them as environment variables of the programs."""
        return {
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "TAPELINE_CASSANDRA_HOSTS": ",".join(self.cassandra.hosts),
            "TAPELINE_CASSANDRA_PORT": str(self.cassandra.port),
            "TAPELINE_CASSANDRA_LOCAL_DC": self.cassandra.local_dc,
            "TAPELINE_CASSANDRA_KEYSPACE": self.cassandra.keyspace,
        }


def prepare(servers: Servers) -> None:
    """Create the topics and the tables."""
    admin = AdminContainer(kafka=servers.kafka, cassandra=servers.cassandra)
    admin.ensure_topics(profile=Profile.DEV)
    admin.apply_schema(Replication.dev())


def producer_child(settings: StackSettings, servers: Servers, folder: Path, metrics_port: int) -> Child:
    """Return the producer process, not started, with the feed of the settings and its metrics on this port."""
    arguments = ["apps.producer", "--speed", settings.speed]
    if settings.replay is None:
        arguments += ["--feed", settings.feed_kind]
        arguments += [
            "--simulator-rate",
            str(settings.simulator.rate),
            "--simulator-seed",
            str(settings.simulator.seed),
        ]
    else:
        arguments += ["--replay", str(settings.replay)]
    if settings.symbols_to_receive:
        arguments += ["--symbols", ",".join(settings.symbols_to_receive)]
    arguments += ["--rules-max-age-s", str(settings.rules.max_age_s)]
    arguments += ["--rules-future-tolerance-s", str(settings.rules.future_tolerance_s)]
    arguments += ["--metrics-port", str(metrics_port)]
    variables = {
        **servers.variables(),
        # Every user of the machine can read the flags of a process.
        "TAPELINE_FINNHUB_URL": settings.finnhub.url,
        "TAPELINE_FINNHUB_TOKEN": str(settings.finnhub.token),
    }
    return Child("producer", arguments, folder / "producer.log", variables)


def aggregator_child(
    settings: StackSettings, servers: Servers, folder: Path, metrics_port: int, spark_port: int | None = None
) -> Child:
    """Return the Spark aggregator process, not started, on the dev stack's Java; its metrics on `metrics_port`, those of its JVM on `spark_port` if given."""
    arguments = ["apps.aggregator", "--checkpoint", str(folder / CHECKPOINT), "--trigger", str(settings.trigger_s)]
    arguments += ["--window", str(settings.window_s), "--allowed-lateness", str(settings.allowed_lateness_s)]
    arguments += ["--metrics-port", str(metrics_port)]
    variables = {**servers.variables(), "JAVA_HOME": str(java_home())}
    if spark_port is not None:
        agent = agent_option("spark", "127.0.0.1", spark_port)
        variables["SPARK_SUBMIT_OPTS"] = f"{agent} {os.environ.get('SPARK_SUBMIT_OPTS', '')}".strip()
    return Child("aggregator", arguments, folder / "aggregator.log", variables)
