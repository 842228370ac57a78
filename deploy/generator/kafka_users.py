"""Strimzi's users for the programs, from the table of rights: one user for each program that runs on Kubernetes, with what it needs."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from adapters.kafka.acls import named_rights
from adapters.kafka.settings import KafkaSettings

DEPLOYED: Final = ("producer", "aggregator", "watchlist", "report")


def kafka_users(cluster: str) -> list[dict[str, Any]]:
    """Return one KafkaUser for each program; Strimzi writes its password to a Secret of the user's name."""
    return [
        {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaUser",
            "metadata": {"name": user, "labels": {"strimzi.io/cluster": cluster}},
            "spec": {
                "authentication": {"type": "scram-sha-512"},
                "authorization": {"type": "simple", "acls": _acls(user)},
            },
        }
        for user in DEPLOYED
    ]


def _acls(user: str) -> Sequence[dict[str, Any]]:
    operations: dict[tuple[str, str], list[str]] = defaultdict(list)
    for right in named_rights(KafkaSettings()):
        if right.user == user:
            operations[right.kind, right.name].append(_strimzi(right.operation))
    return [
        {"resource": {"type": kind, "name": name}, "operations": listed} for (kind, name), listed in operations.items()
    ]


def _strimzi(operation: str) -> str:
    """Return Strimzi's spelling of an operation: DescribeConfigs for DESCRIBE_CONFIGS."""
    return "".join(word.capitalize() for word in operation.split("_"))
