"""What the pods pass to the programs, judged by the programs' own settings: a renamed setting breaks these tests."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from confluent_kafka.admin import AclOperation, ResourceType  # type: ignore[attr-defined] # as in adapters.kafka.acls
from typed_settings.exceptions import TsError

from adapters.kafka.acls import acls
from adapters.kafka.settings import KafkaSettings
from apps.settings.metrics_options import AGGREGATOR_PORT, PRODUCER_PORT
from domain.program_rights import ROLES

from .overlays import OVERLAYS, Resource, named, overlay, pods
from .programs import settings_of, unknown_variables

pytestmark = pytest.mark.needs("kubectl")

SPARK_PROGRAMS = {"aggregator-driver": "aggregator", "reconcile-driver": "reconcile"}
SECRET = "a-value-from-a-secret"  # noqa: S105 - stands for what Kubernetes puts there
SUPERUSER = "a-user-from-a-secret"


def environment(resources: tuple[Resource, ...], container: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a container, with a text in place of each secret."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found |= named(resources, "ConfigMap", source["configMapRef"]["name"])["data"]
    return found | {
        one["name"]: one.get("value") or _from_elsewhere(one["valueFrom"]) for one in container.get("env", ())
    }


def _from_elsewhere(source: Mapping[str, Any]) -> str:
    return SUPERUSER if source.get("secretKeyRef", {}).get("key") == "username" else SECRET


def programs(name: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Yield the arguments of `tapeline` and the variables of each container that runs it."""
    resources = overlay(name)
    for pod in pods(resources):
        for container in pod.containers:
            if "/tapeline:" in container["image"]:
                yield list(container["args"]), environment(resources, container)
            elif container["args"][:1] == ["tapeline"]:
                yield list(container["args"][1:]), environment(resources, container)
            elif pod.name in SPARK_PROGRAMS:
                yield [SPARK_PROGRAMS[pod.name], *container["args"]], environment(resources, container)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_program_accepts_its_arguments_and_variables(name: str, tmp_path: Path) -> None:
    seen = set()
    for arguments, variables in programs(name):
        seen.add(arguments[0])
        settings_of(arguments, variables, tmp_path)
    assert seen == {"producer", "watchlist", "admin", "dashboard", "aggregator", "reconcile", "report"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_variable_is_a_setting_of_the_program_that_gets_it(name: str) -> None:
    shared = set(named(overlay(name), "ConfigMap", "connections")["data"])
    for arguments, variables in programs(name):
        unknown = unknown_variables(arguments, variables)
        # The shared map also has what only the others read.
        assert unknown <= shared, arguments
    assert shared == {
        one for arguments, variables in programs(name) for one in shared - unknown_variables(arguments, variables)
    }


def test_a_renamed_setting_is_found(tmp_path: Path) -> None:
    assert unknown_variables(["dashboard"], {"TAPELINE_CASSANDRA_NODES": "x"}) == {"TAPELINE_CASSANDRA_NODES"}
    with pytest.raises(click.UsageError, match="--watch-list"):
        settings_of(["producer", "--watch-list"], {}, tmp_path)
    with pytest.raises(TsError):
        settings_of(["producer"], {"TAPELINE_KAFKA_SASL_USERNAME": "me"}, tmp_path)


@pytest.mark.parametrize("name", OVERLAYS)
def test_programs_speak_tls_and_prove_who_they_are(name: str) -> None:
    for arguments, variables in programs(name):
        assert variables["TAPELINE_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
        assert variables["TAPELINE_CASSANDRA_TLS"] == "true"
        uses_kafka = arguments[0] in {"producer", "watchlist", "aggregator", "report"}
        assert (variables.get("TAPELINE_KAFKA_SASL_PASSWORD") == SECRET) == uses_kafka, arguments
        uses_cassandra = arguments[0] in {"admin", "dashboard", "aggregator", "reconcile", "report"}
        assert (variables.get("TAPELINE_CASSANDRA_PASSWORD") == SECRET) == uses_cassandra, arguments


@pytest.mark.parametrize("name", OVERLAYS)
def test_programs_refuse_what_is_not_fit_for_production_except_in_the_development_overlay(name: str) -> None:
    profiles = {variables.get("TAPELINE_PROFILE") for _, variables in programs(name)}
    assert profiles == {None if name == "dev" else "production"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_each_program_has_a_user_of_its_own_with_a_password_that_strimzi_writes(name: str) -> None:
    users = {one["metadata"]["name"] for one in overlay(name) if one["kind"] == "KafkaUser"}
    named_users = {variables.get("TAPELINE_KAFKA_SASL_USERNAME") for _, variables in programs(name)} - {None}
    assert named_users == users
    for pod in pods(overlay(name)):
        for container in pod.containers:
            variables = {one["name"]: one for one in container.get("env", ())}
            if "TAPELINE_KAFKA_SASL_USERNAME" in variables:
                reference = variables["TAPELINE_KAFKA_SASL_PASSWORD"]["valueFrom"]["secretKeyRef"]
                assert reference == {"name": variables["TAPELINE_KAFKA_SASL_USERNAME"]["value"], "key": "password"}


def test_the_users_have_the_rights_of_the_table_and_no_others() -> None:
    granted = {
        (user["metadata"]["name"], acl["resource"]["type"], acl["resource"]["name"], operation.upper())
        for user in overlay("production")
        if user["kind"] == "KafkaUser"
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }
    kinds = {ResourceType.TOPIC: "topic", ResourceType.GROUP: "group"}
    users = {user for user, *_ in granted}
    wanted = {
        (
            acl.principal.removeprefix("User:"),
            kinds[ResourceType(acl.restype)],
            acl.name,
            AclOperation(acl.operation).name,
        )
        for acl in acls(KafkaSettings())
    }
    assert granted == {right for right in wanted if right[0] in users}


def test_a_role_that_a_program_uses_gets_a_password() -> None:
    (volume,) = (
        one
        for one in named(overlay("production"), "Job", "schema")["spec"]["template"]["spec"]["volumes"]
        if one["name"] == "roles"
    )
    files = {item["path"] for source in volume["projected"]["sources"] for item in source["secret"]["items"]}
    used = {variables.get("TAPELINE_CASSANDRA_USERNAME") for _, variables in programs("production")}
    assert files == used - {None, SUPERUSER}
    assert files <= set(ROLES)


@pytest.mark.parametrize("name", OVERLAYS)
def test_ports_are_those_of_the_programs(name: str) -> None:
    resources = overlay(name)
    monitors = {
        one["metadata"]["name"]: one["spec"]["podMetricsEndpoints"][0]["portNumber"]
        for one in resources
        if one["kind"] == "PodMonitor"
    }
    assert monitors["producer"] == PRODUCER_PORT
    assert monitors["aggregator"] == AGGREGATOR_PORT
    (dashboard,) = (variables for arguments, variables in programs(name) if arguments[0] == "dashboard")
    assert "TAPELINE_WEB_PORT" not in dashboard
    arguments = named(resources, "Deployment", "dashboard")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments[arguments.index("--web-port") + 1] == str(monitors["dashboard"])
