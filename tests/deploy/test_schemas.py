import json
from functools import cache
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from .overlays import OVERLAYS, Resource, named, overlay

pytestmark = pytest.mark.needs("kubectl")

SCHEMAS = Path(__file__).parent / "schemas"
KUBERNETES_VERSION = "1.34"


def errors(resource: Resource) -> list[str]:
    """Return what the API server would refuse, by the schema of Kubernetes or of an operator."""
    return _errors(json.dumps(resource))


@cache
def _errors(text: str) -> list[str]:
    # The overlays share most resources.
    resource = json.loads(text)
    group, _, version = resource["apiVersion"].rpartition("/")
    file = SCHEMAS / f"{group}_{resource['kind']}_{version}.yaml"
    if file.exists():
        schema = yaml.load(file.read_text(), yaml.CSafeLoader)
        return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(resource)]
    try:
        kubernetes_validate.validate(resource, KUBERNETES_VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [error.message]
    return []


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_resource_conforms_to_the_schema_of_its_kind(name: str) -> None:
    wrong = {
        f"{resource['kind']} {resource['metadata']['name']}": found
        for resource in overlay(name)
        if (found := errors(resource))
    }
    assert wrong == {}


@pytest.mark.parametrize(("kind", "name"), [("Kafka", "tapeline"), ("StatefulSet", "producer")])
def test_a_misspelt_field_is_an_error(kind: str, name: str) -> None:
    resource = named(overlay("production"), kind, name)
    wrong = {**resource, "spec": {**resource["spec"], "replcas": 3}}
    assert any("replcas" in error for error in errors(wrong))


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_two_resources_have_the_same_name_and_all_are_in_one_namespace(name: str) -> None:
    resources = overlay(name)
    keys = [(one["kind"], one["metadata"]["name"]) for one in resources]
    assert len(keys) == len(set(keys))
    assert {one["metadata"].get("namespace") for one in resources if one["kind"] != "Namespace"} == {"tapeline"}
