"""Network policies from the table of hops: deny everything, then one policy for each end of a hop that is in the namespace."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

EVERY_POD: Final = "every pod"


def network_policies(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the policies of a table. Raise KeyError if a hop names a peer that the table does not define."""
    yield _policy("deny-all", {}, {"policyTypes": ["Ingress", "Egress"]})
    for hop in table["hops"]:
        source, target = hop["from"], hop["to"]
        ports = [_port(text) for text in hop["ports"]]
        name = f"{source}-to-{target}".replace(" ", "-")
        if _is_inside(table, source):
            rule = {"to": _peers(table, target), "ports": ports}
            yield _policy(f"{name}-egress", _labels(table, source), {"policyTypes": ["Egress"], "egress": [rule]})
        if _is_inside(table, target):
            rule = {"from": _peers(table, source), "ports": ports}
            yield _policy(f"{name}-ingress", _labels(table, target), {"policyTypes": ["Ingress"], "ingress": [rule]})


def _is_inside(table: Mapping[str, Any], name: str) -> bool:
    return name == EVERY_POD or name in table["pods"]


def _labels(table: Mapping[str, Any], name: str) -> dict[str, str]:
    return {} if name == EVERY_POD else dict(table["pods"][name])


def _peers(table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    if _is_inside(table, name):
        return [{"podSelector": {"matchLabels": _labels(table, name)}}]
    peer = table["outside"][name]
    if "namespace" in peer:
        namespace = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": peer["namespace"]}}}
        return [{**namespace, "podSelector": {"matchLabels": dict(peer["pods"])}} if "pods" in peer else namespace]
    # A block may only except addresses that it contains.
    return [
        {"ipBlock": {"cidr": cidr, **({"except": list(peer["except"])} if "except" in peer else {})}}
        for cidr in peer["addresses"]
    ]


def _port(text: str) -> dict[str, Any]:
    number, _, protocol = text.partition("/")
    return {"port": int(number), "protocol": protocol}


def _policy(name: str, labels: Mapping[str, str], rules: Mapping[str, Any]) -> dict[str, Any]:
    selector = {"matchLabels": dict(labels)} if labels else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": selector, **rules},
    }
