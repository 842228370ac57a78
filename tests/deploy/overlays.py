"""The overlays as Kubernetes would receive them, rendered once, and the pods that come of them."""

import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
import yaml

from tests.support.needs import path_of

ROOT: Final = Path(__file__).parents[2]
KUBERNETES: Final = ROOT / "deploy" / "kubernetes"
OVERLAYS: Final = ("dev", "production", "two-datacenters")

Resource = dict[str, Any]


@cache
def rendered(folder: Path) -> tuple[Resource, ...]:
    """Return the resources of a folder with a kustomization."""
    done = subprocess.run([path_of("kubectl"), "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(filter(None, yaml.load_all(done.stdout, yaml.CSafeLoader)))


def overlay(name: str) -> tuple[Resource, ...]:
    """Return the resources of an overlay."""
    return rendered(KUBERNETES / "overlays" / name)


def named(resources: tuple[Resource, ...], kind: str, name: str) -> Resource:
    """Return the one resource of this kind and name."""
    (found,) = (one for one in resources if one["kind"] == kind and one["metadata"]["name"] == name)
    return found


@attrs.frozen
class Pod:
    """A pod template: of a built-in kind, or the driver or the executors of a Spark application."""

    name: str
    labels: Mapping[str, str]
    security: Mapping[str, Any]
    containers: tuple[Mapping[str, Any], ...]
    """Init containers first."""
    volumes: tuple[Mapping[str, Any], ...]
    has_token: bool
    """Whether the token of its service account is mounted."""


def pods(resources: tuple[Resource, ...]) -> Iterator[Pod]:
    """Yield the pods that the project defines itself. Operators make those of Kafka, Cassandra and Reaper."""
    for resource in resources:
        kind, name, spec = resource["kind"], resource["metadata"]["name"], resource.get("spec", {})
        if kind in {"Deployment", "StatefulSet", "Job"}:
            yield _pod(name, spec["template"])
        elif kind == "CronJob":
            yield _pod(name, spec["jobTemplate"]["spec"]["template"])
        elif kind == "SparkApplication":
            yield from _spark_pods(resources, name, spec)
        elif kind == "ScheduledSparkApplication":
            yield from _spark_pods(resources, name, spec["template"])


def _pod(name: str, template: Mapping[str, Any]) -> Pod:
    spec = template["spec"]
    return Pod(
        name,
        template["metadata"]["labels"],
        spec["securityContext"],
        (*spec.get("initContainers", ()), *spec["containers"]),
        tuple(spec.get("volumes", ())),
        spec.get("automountServiceAccountToken", True),
    )


def _spark_pods(resources: tuple[Resource, ...], name: str, spec: Mapping[str, Any]) -> Iterator[Pod]:
    for role in ("driver", "executor"):
        part = spec[role]
        container = {
            "name": role,
            "image": spec["image"],
            "args": spec.get("arguments", ()),
            **{key: part[key] for key in ("env", "envFrom", "ports", "securityContext", "volumeMounts") if key in part},
            # Spark sets the limit of memory to the sum of both.
            "resources": {
                "requests": {"cpu": part["coreRequest"], "memory": part["memory"]},
                "limits": {"cpu": part["coreLimit"], "memory": (part["memory"], part["memoryOverhead"])},
            },
        }
        # The operator adds the role to the labels.
        labels = {**part["labels"], "spark-role": role}
        # Spark gives executors the account of the driver, unless they have one.
        account = named(resources, "ServiceAccount", part.get("serviceAccount", spec["driver"]["serviceAccount"]))
        has_token = account.get("automountServiceAccountToken", True)
        volumes = tuple(spec["volumes"])
        yield Pod(f"{name}-{role}", labels, part["podSecurityContext"], (container,), volumes, has_token)
