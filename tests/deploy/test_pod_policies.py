import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from .overlays import OVERLAYS, Pod, Resource, overlay, pods

pytestmark = pytest.mark.needs("kubectl")


def containers(name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for pod in pods(overlay(name)):
        for container in pod.containers:
            yield f"{pod.name}/{container['name']}", container


def every_value(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every leaf of a resource with its path."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from every_value(part, f"{path}.{key}")
    elif isinstance(value, list):
        for part in value:
            yield from every_value(part, path)
    else:
        yield path, value


@pytest.mark.parametrize("name", OVERLAYS)
def test_all_pods_of_the_project_are_looked_at(name: str) -> None:
    assert {pod.name for pod in pods(overlay(name))} == {
        "producer", "watchlist-import", "schema", "dashboard", "report",
        "aggregator-driver", "aggregator-executor", "reconcile-driver", "reconcile-executor",
    }  # fmt: skip


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_image_has_a_version(name: str) -> None:
    images = [
        str(value)
        for resource in overlay(name)
        if resource["kind"] != "ConfigMap"
        for path, value in every_value(resource)
        if path.endswith(".image")
    ]
    assert len(images) >= 8
    assert [
        image for image in images if not re.fullmatch(r"[\w./-]+:[\w.-]+", image) or image.endswith(":latest")
    ] == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_pod_runs_as_root(name: str) -> None:
    def may(pod: Pod) -> bool:
        return pod.security.get("runAsNonRoot") is not True or pod.security.get("runAsUser", 0) == 0

    assert [pod.name for pod in pods(overlay(name)) if may(pod)] == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_only_sparks_drivers_have_the_token_of_a_service_account(name: str) -> None:
    assert {pod.name for pod in pods(overlay(name)) if pod.has_token} == {"aggregator-driver", "reconcile-driver"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_have_the_seccomp_profile_of_the_runtime(name: str) -> None:
    assert [
        pod.name for pod in pods(overlay(name)) if pod.security.get("seccompProfile") != {"type": "RuntimeDefault"}
    ] == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_containers_have_a_read_only_root_no_capabilities_and_gain_no_privileges(name: str) -> None:
    wanted = {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [where for where, container in containers(name) if container.get("securityContext") != wanted] == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_containers_have_requests_and_limits_of_cpu_and_memory(name: str) -> None:
    for where, container in containers(name):
        for bound in ("requests", "limits"):
            assert set(container["resources"][bound]) == {"cpu", "memory"}, where


@pytest.mark.parametrize("name", OVERLAYS)
def test_mounted_volumes_exist_and_all_volumes_are_mounted(name: str) -> None:
    for pod in pods(overlay(name)):
        mounted = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", ())}
        defined = {volume["name"] for volume in pod.volumes}
        if pod.name.endswith("-executor"):
            assert mounted <= defined, pod.name
        else:
            assert mounted == defined, pod.name


SECRET_NAME = re.compile(r"password|token|secret|credential", re.IGNORECASE)


def inline_secrets(resource: Resource) -> list[str]:
    """Return the paths of values that look like secrets: by their key, or by the name of their variable."""
    found = [
        path
        for path, value in every_value(resource)
        if SECRET_NAME.search(path.rpartition(".")[2])
        and isinstance(value, str)
        # The name of a Secret, or of a key in it, is none.
        and not re.search(r"(Ref|secret)\.\w+$|secretName$|keystore-password$|serviceAccountToken|auth-secret$", path)
    ]
    for path, value in variables(resource):
        if SECRET_NAME.search(path) and value is not None:
            found.append(path)
    return found


def variables(value: object) -> Iterator[tuple[str, object]]:
    """Yield the name of every environment variable, with its value if it has one of its own."""
    if isinstance(value, dict):
        for one in value.get("env") or ():
            yield one["name"], one.get("value")
        for part in value.values():
            yield from variables(part)
    elif isinstance(value, list):
        for part in value:
            yield from variables(part)


def zones_that_pods_need(resources: tuple[Resource, ...]) -> list[str]:
    """Return the paths of rules without which no pod is placed on a node that has no zone."""
    paths = [(path, value) for resource in resources for path, value in every_value(resource)]
    return [path for path, value in paths if value == "DoNotSchedule" or "nodeAffinityLabels" in path]


def test_a_cluster_on_one_machine_has_no_zones_and_the_development_overlay_needs_none() -> None:
    assert zones_that_pods_need(overlay("production")) != []
    assert zones_that_pods_need(overlay("dev")) == []


TRUST_STORE = ".sparkConf.spark.cassandra.connection.ssl.trustStore.password"
"""The password of a file that holds public certificates alone."""


@pytest.mark.parametrize("name", OVERLAYS)
def test_secrets_are_referenced_and_never_inline(name: str) -> None:
    resources = [one for one in overlay(name) if one["kind"] != "PrometheusRule"]
    assert [one["metadata"]["name"] for one in resources if one["kind"] == "Secret"] == []
    found = [path for one in resources if one["kind"] != "ConfigMap" for path in inline_secrets(one)]
    assert [path for path in found if not path.endswith(TRUST_STORE)] == []
    settings = [
        one["data"] for one in resources if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "connections"
    ]
    assert [key for data in settings for key in data if SECRET_NAME.search(key)] == []


def test_an_inline_secret_is_found() -> None:
    inline = {"kind": "Pod", "spec": {"env": [{"name": "TAPELINE_CASSANDRA_PASSWORD", "value": "x"}]}}
    reference = {"kind": "Pod", "spec": {"env": [{"name": "TAPELINE_CASSANDRA_PASSWORD", "valueFrom": {}}]}}
    assert inline_secrets(inline) == ["TAPELINE_CASSANDRA_PASSWORD"]
    assert inline_secrets({"spec": {"adminPassword": "x"}}) == [".spec.adminPassword"]
    assert inline_secrets(reference) == []
