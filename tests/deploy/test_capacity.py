"""The sizes of production, compared with the capacity model and with what `tapeline admin topics` creates."""

import re
from typing import Any

import pytest

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import WATCHLIST_PARTITIONS, Profile, wanted_config
from bench.capacity_model import plan
from bench.measured_costs import Measured

from .overlays import named, overlay

pytestmark = pytest.mark.needs("kubectl")

TRADES_PER_S, SYMBOLS = 15_000, 500
PRODUCTION = ("production", "two-datacenters")
UNITS = {"Gi": 2**30, "Ti": 2**40}


def terabytes(size: str) -> float:
    found = re.fullmatch(r"(\d+)(Gi|Ti)", size)
    assert found, size
    return int(found[1]) * UNITS[found[2]] / 1e12


def spec(name: str, kind: str, resource: str) -> Any:
    return named(overlay(name), kind, resource)["spec"]


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_carries_15_000_trades_a_second_by_the_capacity_model(name: str) -> None:
    needed = plan(TRADES_PER_S, SYMBOLS, Measured.read())
    broker = spec(name, "KafkaNodePool", "broker")
    assert broker["replicas"] >= needed.brokers
    # Disks are planned half full.
    assert broker["replicas"] * terabytes(broker["storage"]["volumes"][0]["size"]) >= 2 * needed.kafka_tb
    cassandra = spec(name, "K8ssandraCluster", "tapeline")["cassandra"]
    disk = terabytes(cassandra["storageConfig"]["cassandraDataVolumeClaimSpec"]["resources"]["requests"]["storage"])
    for center in cassandra["datacenters"]:
        assert center["size"] >= needed.nodes
        assert center["size"] % len(center["racks"]) == 0
        assert center["size"] * disk >= 2 * (needed.trades_tb + needed.candles_tb)
    executor = spec(name, "SparkApplication", "aggregator")["executor"]
    assert executor["instances"] * executor["cores"] >= needed.executor_cores
    assert spec(name, "KafkaTopic", "trades")["partitions"] >= needed.partitions
    assert spec(name, "StatefulSet", "producer")["replicas"] >= needed.producers


@pytest.mark.parametrize(
    ("name", "profile"), [("dev", Profile.DEV), *((one, Profile.PRODUCTION) for one in PRODUCTION)]
)
def test_topics_are_those_that_the_admin_command_creates(name: str, profile: Profile) -> None:
    settings = KafkaSettings()
    topics = {one["metadata"]["name"]: one["spec"] for one in overlay(name) if one["kind"] == "KafkaTopic"}
    assert set(topics) == {*settings.topics, settings.candles_topic, settings.watchlist_topic}
    for topic, wanted in topics.items():
        config = {key: _text(value) for key, value in wanted["config"].items()}
        assert config == wanted_config(topic, profile, settings)
        assert wanted["replicas"] == profile.replicas
    assert topics[settings.watchlist_topic]["partitions"] == WATCHLIST_PARTITIONS


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", PRODUCTION)
def test_the_schema_has_three_replicas_in_each_data_centre(name: str) -> None:
    (tables,) = spec(name, "Job", "schema")["template"]["spec"]["initContainers"]
    centers = spec(name, "K8ssandraCluster", "tapeline")["cassandra"]["datacenters"]
    assert tables["args"][-1] == ",".join(f"{center['metadata']['name']}:3" for center in centers)


def test_the_aggregator_always_starts_again() -> None:
    application = spec("production", "SparkApplication", "aggregator")
    assert application["restartPolicy"]["type"] == "Always"
    assert application["dynamicAllocation"] == {"enabled": False}
    assert application["arguments"][:2] == ["--checkpoint", "/checkpoint"]
