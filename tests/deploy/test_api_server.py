"""A server-side dry run of each overlay: Kubernetes' own API server defaults, validates and admits every resource, and stores none. Then the
commands of docs/deploy.md, which store them.

The definitions of the operators' kinds are made of the schemas in `schemas`. TAPELINE_CRDS names a folder of the operators' own, released ones,
which take their place.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.timeouts import TIMEOUT_S, wait_until

from .api_server import ApiServer, api_server
from .overlays import OVERLAYS, ROOT, Resource, named, overlay

pytestmark = [
    pytest.mark.kubernetes,
    pytest.mark.needs("kubectl", "etcd", "kube-apiserver", "openssl", "keytool"),
    pytest.mark.timeout(600),
]

SCHEMAS = Path(__file__).parent / "schemas"
RELEASED = os.environ.get("TAPELINE_CRDS", "")
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]


def structural(schema: Any) -> Any:
    """Return a schema in the form that a definition takes: it is closed already, and has a word of its own for a number or a text."""
    if isinstance(schema, list):
        return [structural(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("anyOf") == INT_OR_STRING:
        return {"x-kubernetes-int-or-string": True}
    return {name: structural(part) for name, part in schema.items() if (name, part) != ("additionalProperties", False)}


def reduced_definition(file: Path) -> Resource:
    """Return the definition of a kind from its reduced schema."""
    group, kind, version = file.stem.split("_")
    names = {"kind": kind, "plural": f"{kind.lower()}s", "singular": kind.lower(), "listKind": f"{kind}List"}
    schema = structural(yaml.safe_load(file.read_text("utf-8")))
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{names['plural']}.{group}",
            # Groups below k8s.io need it.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced",
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}},
            ],
        },
    }


def definitions() -> Iterator[Resource]:
    if not RELEASED:
        yield from map(reduced_definition, SCHEMAS.glob("*.yaml"))
    for file in Path(RELEASED).glob("*.yaml") if RELEASED else ():
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            if document and document["kind"] == "CustomResourceDefinition":
                yield document


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server with the namespace and the operators' kinds."""
    with api_server(tmp_path_factory.mktemp("kubernetes")) as server:
        for definition in definitions():
            assert server.apply(definition, dry_run=False) == []
        assert server.apply(named(overlay("production"), "Namespace", "tapeline"), dry_run=False) == []
        for resource in overlay("two-datacenters"):
            wait_until(lambda: server.serves(resource), f"{resource['kind']} is served", TIMEOUT_S)  # noqa: B023
        yield server


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_api_server_accepts_every_resource_without_a_warning(server: ApiServer, name: str) -> None:
    answers = {
        f"{resource['kind']} {resource['metadata']['name']}": answer
        for resource in overlay(name)
        if (answer := server.apply(resource, dry_run=True))
    }
    assert answers == {}


@pytest.mark.parametrize(("kind", "name"), [("Kafka", "tapeline"), ("StatefulSet", "producer")])
def test_a_misspelt_field_is_refused(server: ApiServer, kind: str, name: str) -> None:
    resource = named(overlay("production"), kind, name)
    wrong = {**resource, "spec": {**resource["spec"], "replcas": 3}}
    assert any("replcas" in answer for answer in server.apply(wrong, dry_run=True))


def test_a_pod_that_runs_as_root_is_warned_of(server: ApiServer) -> None:
    resource = named(overlay("production"), "Deployment", "dashboard")
    pod = resource["spec"]["template"]["spec"]
    template = {**resource["spec"]["template"], "spec": {**pod, "securityContext": {}}}
    wrong = {**resource, "spec": {**resource["spec"], "template": template}}
    assert any("runAsNonRoot" in answer for answer in server.apply(wrong, dry_run=True))


def documented(step: str) -> str:
    """Return the commands of a step of docs/deploy.md."""
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    found = re.search(rf"^##+ {step}$.*?^```sh$(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, step
    return found[1]


def test_the_documented_commands_create_everything_and_change_nothing_when_repeated(
    server: ApiServer, tmp_path: Path
) -> None:
    config = tmp_path / "kubeconfig"
    config.touch(mode=0o600)
    config.write_text(json.dumps(server.kubeconfig()), "utf-8")

    def run(commands: str, folder: Path = ROOT) -> list[str]:
        """Return the lines that the commands print."""
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", commands],
            cwd=folder,
            env={**os.environ, "KUBECONFIG": str(config)},
            capture_output=True,
            text=True,
            timeout=4 * TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    # By the charts of step 1, as the namespace `tapeline` of the fixture.
    run("kubectl create namespace monitoring")
    secrets = run(documented("2. Secrets") + documented("Certificates of Cassandra"), tmp_path)
    assert {line for line in secrets if not line.endswith(" created")} == set()
    run(
        "openssl verify -x509_strict -CAfile ca.crt -verify_hostname tapeline-dc1-service.tapeline.svc node.crt",
        tmp_path,
    )
    run("keytool -list -keystore keystore -storepass:file keystore-password | grep PrivateKeyEntry", tmp_path)
    applied = run(documented("4. Apply"))
    assert [line for line in applied if not line.endswith(" created")] == ["namespace/tapeline configured"]
    assert run("kubectl diff -k deploy/kubernetes/overlays/production") == []
