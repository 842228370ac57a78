"""The parts of `tapeline stack`: where its servers are, topics and tables, and its two programs."""

import os
import ssl
from pathlib import Path
from typing import Final

import attrs

from adapters.cassandra.replication import Replication
from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.security import KafkaSecurity
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import DEFAULT_PARTITIONS, Profile
from apps.containers.commands import AdminContainer
from apps.http_security.endpoint_client import EndpointClient
from apps.runtime.child_processes import Child
from apps.settings.options import RuleOptions
from apps.settings.secret_files import read_secret
from apps.settings.stack import StackSettings
from devstack.servers.java import java_home
from devstack.servers.jmx_exporter import agent_option
from devstack.servers.secrets import ADMIN, PROGRAMS, Secrets
from devstack.stack import Stack
from domain.program_rights import ROLES

CHECKPOINT: Final = "checkpoint"


def kafka_of(stack: Stack, user: str) -> KafkaSettings:
    """Return the settings for the brokers of a stack that is up; `user` is who connects, where the stack is secure."""
    kafka, secrets = KafkaSettings(bootstrap_servers=stack.bootstrap_servers), stack.secrets
    if secrets is None:
        return kafka
    password = str(read_secret(secrets.kafka_password(user)))
    security = KafkaSecurity(protocol="SASL_SSL", ca_file=str(secrets.ca_file), username=user, password=password)
    return attrs.evolve(kafka, security=security)


def cassandra_of(stack: Stack, role: str) -> CassandraSettings:
    """Return the settings for the nodes of a stack that is up; `role` is who connects, where the stack is secure."""
    cassandra = CassandraSettings(
        hosts=tuple(stack.cassandra_hosts), port=stack.cassandra_port, local_dc=stack.cassandra_datacenter
    )
    secrets = stack.secrets
    if secrets is None:
        return cassandra
    password = str(read_secret(secrets.cassandra_password(role)))
    return attrs.evolve(cassandra, tls=True, ca_file=str(secrets.ca_file), username=role, password=password)


@attrs.frozen(kw_only=True)
class Servers:
    """Where the dev stack's servers are, as settings of the adapters, for one user of each server."""

    kafka: KafkaSettings
    cassandra: CassandraSettings
    secrets: Secrets | None = None

    @classmethod
    def of(cls, stack: Stack, *, user: str = "monitoring", role: str = "query") -> "Servers":
        """Return those of a stack that is up, for a user of Kafka and a role of Cassandra, where the stack is secure."""
        return cls(kafka=kafka_of(stack, user), cassandra=cassandra_of(stack, role), secrets=stack.secrets)

    def endpoints(self) -> EndpointClient:
        """Return a client of the programs' metrics endpoints."""
        if self.secrets is None:
            return EndpointClient()
        context = ssl.create_default_context(cafile=str(self.secrets.ca_file))
        return EndpointClient(tls=context, token=read_secret(self.secrets.metrics_token))

    def variables(self) -> dict[str, str]:
        """Return them as environment variables of a program; passwords stay in their files."""
        return {
            **self._security(),
            "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "TAPELINE_CASSANDRA_HOSTS": ",".join(self.cassandra.hosts),
            "TAPELINE_CASSANDRA_PORT": str(self.cassandra.port),
            "TAPELINE_CASSANDRA_LOCAL_DC": self.cassandra.local_dc,
            "TAPELINE_CASSANDRA_KEYSPACE": self.cassandra.keyspace,
        }

    def _security(self) -> dict[str, str]:
        if self.secrets is None:
            return {}
        kafka, cassandra = self.kafka.security, self.cassandra
        certificate = str(self.secrets.key_and_certificate(PROGRAMS))
        return {
            "TAPELINE_KAFKA_SECURITY_PROTOCOL": kafka.protocol,
            "TAPELINE_KAFKA_SSL_CA_FILE": kafka.ca_file,
            "TAPELINE_KAFKA_SASL_USERNAME": kafka.username,
            "TAPELINE_KAFKA_SASL_PASSWORD_FILE": str(self.secrets.kafka_password(kafka.username)),
            "TAPELINE_CASSANDRA_TLS": "true",
            "TAPELINE_CASSANDRA_CA_FILE": cassandra.ca_file,
            "TAPELINE_CASSANDRA_USERNAME": cassandra.username,
            "TAPELINE_CASSANDRA_PASSWORD_FILE": str(self.secrets.cassandra_password(cassandra.username)),
            "TAPELINE_METRICS_TLS_CERT_FILE": certificate,
            "TAPELINE_METRICS_TLS_KEY_FILE": certificate,
            # Secrets of the user's own would be in conflict with the files.
            "TAPELINE_KAFKA_SASL_PASSWORD": "",
            "TAPELINE_CASSANDRA_PASSWORD": "",
            "TAPELINE_METRICS_TOKEN": "",
            "TAPELINE_METRICS_TOKEN_FILE": str(self.secrets.metrics_token),
        }


def prepare(stack: Stack, *, partitions: int = DEFAULT_PARTITIONS) -> None:
    """Create the topics, each with this number of partitions, the tables and, where the stack is secure, the rights of each program."""
    servers = Servers.of(stack, user=ADMIN, role=ADMIN)
    admin = AdminContainer(kafka=servers.kafka, cassandra=servers.cassandra)
    admin.ensure_topics(profile=Profile.DEV, partitions=partitions)
    admin.ensure_candles(profile=Profile.DEV)
    admin.apply_schema(Replication.dev())
    if servers.secrets is not None:
        admin.ensure_watchlist(profile=Profile.DEV)
        admin.ensure_acls()
        files = {role: servers.secrets.cassandra_password(role) for role in ROLES}
        admin.ensure_roles(passwords={role: str(read_secret(file)) for role, file in files.items()})


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
    arguments += [*_rule_flags(settings.rules), "--metrics-port", str(metrics_port)]
    token, file = settings.finnhub.token, settings.finnhub.token_file
    variables = {
        **servers.variables(),
        "TAPELINE_FINNHUB_URL": settings.finnhub.url,
        **({"TAPELINE_FINNHUB_TOKEN": str(token)} if file is None else {"TAPELINE_FINNHUB_TOKEN_FILE": str(file)}),
    }
    return Child("producer", arguments, folder / "producer.log", variables)


def aggregator_child(
    settings: StackSettings, servers: Servers, folder: Path, metrics_port: int, spark_port: int | None = None
) -> Child:
    """Return the Spark aggregator process, not started, on the dev stack's Java; its metrics on `metrics_port`, those of its JVM on `spark_port` if given."""
    arguments = ["apps.aggregator", "--checkpoint", str(folder / CHECKPOINT), "--trigger", str(settings.trigger_s)]
    arguments += ["--window", str(settings.window_s), "--allowed-lateness", str(settings.allowed_lateness_s)]
    arguments += [*_rule_flags(settings.rules), "--metrics-port", str(metrics_port)]
    variables = {**servers.variables(), "JAVA_HOME": str(java_home())}
    if spark_port is not None:
        agent = agent_option("spark", "127.0.0.1", spark_port)
        variables["SPARK_SUBMIT_OPTS"] = f"{agent} {os.environ.get('SPARK_SUBMIT_OPTS', '')}".strip()
    return Child("aggregator", arguments, folder / "aggregator.log", variables)


def _rule_flags(rules: RuleOptions) -> list[str]:
    return ["--rules-max-age-s", str(rules.max_age_s), "--rules-future-tolerance-s", str(rules.future_tolerance_s)]
