"""The variables of the programs of `tapeline stack`."""

from pathlib import Path

import pytest
import typed_settings as ts

from adapters.cassandra.settings import CassandraSettings
from adapters.kafka.security import KafkaSecurity
from adapters.kafka.settings import KafkaSettings
from apps.local_stack.parts import Servers
from apps.settings.aggregator import AggregatorOptions
from apps.settings.loader import loaders, settings_converter
from devstack.servers.secrets import Secrets


def test_secrets_of_the_users_own_are_not_those_of_a_secure_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = Secrets(folder=tmp_path / "secrets")
    secrets.make({})
    security = KafkaSecurity(protocol="SASL_SSL", ca_file=str(secrets.ca_file), username="aggregator")
    cassandra = CassandraSettings(tls=True, ca_file=str(secrets.ca_file), username="aggregator")
    servers = Servers(kafka=KafkaSettings(security=security), cassandra=cassandra, secrets=secrets)
    for name in ("KAFKA_SASL_PASSWORD", "CASSANDRA_PASSWORD", "METRICS_TOKEN"):
        monkeypatch.setenv(f"TAPELINE_{name}", "a-secret-of-the-users-own")
    for name, value in servers.variables().items():
        monkeypatch.setenv(name, value)
    options = ts.load_settings(AggregatorOptions, loaders("aggregator"), converter=settings_converter())
    settings = options.adapter()
    assert settings.kafka_security.password == secrets.kafka_password("aggregator").read_text()
    assert settings.cassandra_security.password == secrets.cassandra_password("aggregator").read_text()
    token = secrets.metrics_token.read_text()
    assert options.metrics.security().credentials.accept(f"Bearer {token}")
