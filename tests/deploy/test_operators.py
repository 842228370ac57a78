"""What Kubernetes and the operators demand of their resources beyond the schemas of the kinds."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pytest

from devstack.jars.lockfile import read_lock

from .overlays import OVERLAYS, ROOT, Resource, named, overlay, pods
from .test_network import TABLE, selects

pytestmark = pytest.mark.needs("kubectl")

BACKED_UP = ("production", "two-datacenters")


@attrs.frozen
class Workload:
    """Pods of one template."""

    name: str
    labels: Mapping[str, str]
    replicas: int
    has_scale: bool
    """Whether the owner of the pods has a number of replicas that Kubernetes can read."""


def workloads(resources: tuple[Resource, ...]) -> Iterator[Workload]:
    """Yield the workloads whose pods run all the time. The operators' own are not among them, nor is Spark's driver, a single pod."""
    for resource in resources:
        spec, name = resource.get("spec", {}), resource["metadata"]["name"]
        if resource["kind"] in {"Deployment", "StatefulSet"}:
            yield Workload(name, spec["template"]["metadata"]["labels"], spec["replicas"], has_scale=True)
        elif resource["kind"] == "SparkApplication":
            labels = {**spec["executor"]["labels"], "spark-role": "executor"}
            yield Workload(f"{name}-executors", labels, spec["executor"]["instances"], has_scale=False)


@pytest.mark.parametrize("name", OVERLAYS)
def test_each_workload_has_a_budget_that_lets_nodes_be_drained(name: str) -> None:
    budgets = [one for one in overlay(name) if one["kind"] == "PodDisruptionBudget"]
    for workload in workloads(overlay(name)):
        (budget,) = (one["spec"] for one in budgets if selects(one["spec"]["selector"], workload.labels))
        if "maxUnavailable" in budget:
            # Without a number of replicas Kubernetes allows no eviction by it.
            assert workload.has_scale, workload.name
            assert budget["maxUnavailable"] >= 1
        else:
            assert isinstance(budget["minAvailable"], int), workload.name
            assert budget["minAvailable"] < workload.replicas, workload.name
    assert len(budgets) == len(list(workloads(overlay(name))))


def declared_ports(resources: tuple[Resource, ...]) -> Iterator[tuple[str, Mapping[str, str], int]]:
    """Yield the name in network.yaml, the labels and a declared port of each pod."""
    for pod in pods(resources):
        for container in pod.containers:
            for port in container.get("ports", ()):
                yield pod.name.removesuffix("-driver"), pod.labels, port["containerPort"]
    (cassandra,) = named(resources, "K8ssandraCluster", "tapeline")["spec"]["cassandra"]["containers"]
    for port in cassandra["ports"]:
        yield "cassandra", TABLE["pods"]["cassandra"], port["containerPort"]
    if named(resources, "Kafka", "tapeline")["spec"]["kafka"]["metricsConfig"]["type"] == "jmxPrometheusExporter":
        # Strimzi declares it.
        yield "kafka", TABLE["pods"]["kafka"], 9404


@pytest.mark.parametrize("name", OVERLAYS)
def test_prometheus_finds_the_port_of_each_monitor_and_may_reach_it(name: str) -> None:
    resources = overlay(name)
    found = {
        monitor["metadata"]["name"]: [
            (pod, f"{port}/TCP")
            for pod, labels, port in declared_ports(resources)
            if selects(monitor["spec"]["selector"], labels)
            and port == monitor["spec"]["podMetricsEndpoints"][0]["portNumber"]
        ]
        for monitor in resources
        if monitor["kind"] == "PodMonitor"
    }
    assert [monitor for monitor, ports in found.items() if len(ports) != 1] == []
    hops = [(hop["to"], port) for hop in TABLE["hops"] if hop["from"] == "prometheus" for port in hop["ports"]]
    assert sorted(port for ports in found.values() for port in ports) == sorted(hops)


def cassandra_yaml(resources: tuple[Resource, ...]) -> dict[str, Any]:
    """Return the settings of Cassandra's nodes."""
    settings: dict[str, Any] = named(resources, "K8ssandraCluster", "tapeline")["spec"]["cassandra"]["config"]
    return dict(settings["cassandraYaml"])


@pytest.mark.parametrize("name", OVERLAYS)
def test_nodes_of_cassandra_may_reach_each_other_at_the_port_that_they_listen_on(name: str) -> None:
    encryption = cassandra_yaml(overlay(name))["server_encryption_options"]
    assert "storage_port" not in cassandra_yaml(overlay(name))
    # Only then would they listen on 7001 as well.
    assert "legacy_ssl_storage_port_enabled" not in encryption
    (ports,) = (hop["ports"] for hop in TABLE["hops"] if hop["from"] == hop["to"] == "cassandra")
    assert ports == ["7000/TCP", "8080/TCP"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_versions_of_spark_and_cassandra_are_those_that_the_project_is_tested_with(name: str) -> None:
    spark = re.search(r'"pyspark==([\d.]+);', (ROOT / "pyproject.toml").read_text())
    assert spark
    applications = {
        named(overlay(name), "SparkApplication", "aggregator")["spec"]["sparkVersion"],
        named(overlay(name), "ScheduledSparkApplication", "reconcile")["spec"]["template"]["sparkVersion"],
    }
    assert applications == {spark[1]}
    cassandra = named(overlay(name), "K8ssandraCluster", "tapeline")["spec"]["cassandra"]["serverVersion"]
    assert f"org.apache.cassandra:cassandra-all:{cassandra}" in {jar.coordinate for jar in read_lock()["cassandra"]}


@pytest.mark.parametrize("name", BACKED_UP)
def test_medusa_knows_the_authority_of_the_nodes_that_it_connects_to(name: str) -> None:
    # K8ssandra refuses a cluster in which clients need TLS and Medusa has no certificates.
    medusa = named(overlay(name), "K8ssandraCluster", "tapeline")["spec"]["medusa"]
    assert cassandra_yaml(overlay(name))["client_encryption_options"]["enabled"] is True
    assert medusa["clientEncryptionStores"]["keystoreSecretRef"] == {"name": "cassandra-ca", "key": "ca.crt"}
    mounted = {volume["name"]: volume for pod in pods(overlay(name)) for volume in pod.volumes}
    assert mounted["cassandra-ca"]["secret"] == {"secretName": "cassandra-ca"}
    assert (medusa["storageProperties"]["secure"], medusa["storageProperties"]["sslVerify"]) == (True, True)
