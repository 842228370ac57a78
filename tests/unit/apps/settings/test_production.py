"""The profile production names every reason why settings are not fit for it."""

from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
import typed_settings as ts

from apps.settings.admin import AclsSettings, RolesSettings, SchemaSettings, TopicsSettings
from apps.settings.aggregator import AggregatorOptions
from apps.settings.dashboard import DashboardSettings
from apps.settings.dlq import DlqSettings
from apps.settings.options import CassandraOptions, KafkaOptions
from apps.settings.producer import ProducerSettings
from apps.settings.production import require_production
from apps.settings.profiled import cassandra_settings, kafka_settings
from apps.settings.query import QuerySettings
from apps.settings.reconcile import ReconcileOptions
from apps.settings.report import ReportSettings
from apps.settings.watchlist import WatchlistSettings

KAFKA = KafkaOptions(
    security_protocol="SASL_SSL", sasl_username="producer", sasl_password=ts.SecretStr("kJ8-not-well-known")
)
CASSANDRA = CassandraOptions(tls=True, username="aggregator", password=ts.SecretStr("kJ8-not-well-known"))

GROUPS: dict[str, Any] = {"kafka": KAFKA, "cassandra": CASSANDRA}
PROGRAMS: list[Any] = [
    ProducerSettings, AggregatorOptions, ReconcileOptions, ReportSettings, QuerySettings, DashboardSettings, WatchlistSettings, DlqSettings,
    TopicsSettings, SchemaSettings, AclsSettings, RolesSettings,
]  # fmt: skip
"""The settings of every program that connects to the servers, but the doctor's, which reports."""


def test_encrypted_connections_with_a_password_are_fit() -> None:
    require_production(kafka=KAFKA, cassandra=CASSANDRA, data_centers={"dc1": 3})
    for settings in PROGRAMS:
        names = {field.name for field in attrs.fields(settings)}
        settings(profile="production", **{name: value for name, value in GROUPS.items() if name in names})


def test_every_reason_is_named() -> None:
    with pytest.raises(ValueError) as refused:
        require_production(kafka=KafkaOptions(), cassandra=CassandraOptions(), data_centers={"dc1": 2, "dc2": 3})
    for reason in ("PLAINTEXT", "cassandra.tls is off", "cassandra has no user name", "dc1 has 2 copies"):
        assert reason in str(refused.value)
    assert "dc2" not in str(refused.value)


@pytest.mark.parametrize("password", ["", "cassandra", "aggregator", "PASSWORD"])
def test_a_well_known_password_is_not_fit_and_not_shown(password: str) -> None:
    options = CassandraOptions(tls=True, username="aggregator", password=ts.SecretStr(password))
    with pytest.raises(ValueError, match="for the user 'aggregator'") as refused:
        require_production(cassandra=options)
    assert "PASSWORD" not in str(refused.value)


@pytest.mark.parametrize("settings", PROGRAMS)
def test_a_program_with_default_settings_is_not_fit(settings: Any) -> None:
    with pytest.raises(ValueError, match="not fit for the profile production"):
        settings(profile="production")


def test_a_client_certificate_stands_for_a_user(tmp_path: Path) -> None:
    key = tmp_path / "client.key"
    key.touch(mode=0o600)
    with pytest.raises(ValueError, match="neither a user nor a client certificate"):
        require_production(kafka=KafkaOptions(security_protocol="SSL"))
    require_production(
        kafka=KafkaOptions(security_protocol="SSL", ssl_cert_file=tmp_path / "client.pem", ssl_key_file=key)
    )


def test_raw_properties_count_as_well() -> None:
    with pytest.raises(ValueError, match="SASL_PLAINTEXT"):
        require_production(kafka=KafkaOptions(properties={"security.protocol": "SASL_PLAINTEXT"}))


SPARK_PROGRAMS: list[Any] = [AggregatorOptions, partial(ReconcileOptions, publish_candles=True)]


@pytest.mark.parametrize("program", SPARK_PROGRAMS)
def test_the_properties_of_another_client_do_not_protect_those_of_spark(program: Any) -> None:
    librdkafka = {"security.protocol": "SASL_SSL", "sasl.username": "aggregator", "sasl.password": "kJ8-not-well-known"}
    require_production(kafka=KafkaOptions(properties=librdkafka))
    with pytest.raises(ValueError, match=r"kafka\.security_protocol is PLAINTEXT"):
        program(profile="production", kafka=KafkaOptions(properties=librdkafka), cassandra=CASSANDRA)


@pytest.mark.parametrize("program", SPARK_PROGRAMS)
@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"security.protocol": "PLAINTEXT"}, "PLAINTEXT"),
        ({"security.protocol": "sasl_plaintext"}, "SASL_PLAINTEXT"),
        ({"security.protocol": "SSL"}, "neither a user nor a client certificate"),
        ({"ssl.endpoint.identification.algorithm": ""}, "the names of brokers are not verified"),
    ],
)
def test_properties_of_sparks_clients_count_as_well(program: Any, properties: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        program(profile="production", kafka=KAFKA, cassandra=CASSANDRA, kafka_client=properties)


@pytest.mark.parametrize("program", SPARK_PROGRAMS)
@pytest.mark.parametrize(
    "properties",
    [
        {"security.protocol": "SSL", "ssl.keystore.location": "/etc/tapeline/client.p12"},
        {"security.protocol": "sasl_ssl", "sasl.jaas.config": "…"},
    ],
)
def test_spark_may_prove_who_it_is_by_properties_of_its_own(program: Any, properties: dict[str, str]) -> None:
    program(profile="production", kafka=KafkaOptions(), cassandra=CASSANDRA, kafka_client=properties)


@pytest.mark.parametrize(
    ("name", "value"),
    [("enable.ssl.certificate.verification", "false"), ("ssl.endpoint.identification.algorithm", "none")],
)
def test_brokers_that_are_not_verified_are_not_fit(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="not verified"):
        require_production(kafka=attrs.evolve(KAFKA, properties={name: value}))


def test_a_program_in_production_demands_three_copies() -> None:
    producer = ProducerSettings(profile="production", kafka=KAFKA)
    assert kafka_settings(producer).min_replicas == 3
    assert kafka_settings(attrs.evolve(producer, profile="dev")).min_replicas == 1
    assert cassandra_settings(QuerySettings(profile="production", cassandra=CASSANDRA)).min_copies == 3
    assert AggregatorOptions(profile="production", kafka=KAFKA, cassandra=CASSANDRA).adapter().min_copies == 3
    assert ReconcileOptions(profile="production", cassandra=CASSANDRA).adapter().min_copies == 3
