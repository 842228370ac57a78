"""The network policies, read as Kubernetes reads them: both ends of a connection have to allow it."""

from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, Final

import attrs
import pytest
import yaml

from .overlays import KUBERNETES, OVERLAYS, Resource, named, overlay, pods

pytestmark = pytest.mark.needs("kubectl")

TABLE: Final = yaml.safe_load((KUBERNETES / "network.yaml").read_text())
EVERY_POD: Final = "every pod"


@attrs.frozen
class Peer:
    """A pod, with the labels that it really has, or an address outside of the cluster."""

    namespace: str | None
    labels: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    address: str | None = None


def peers_of(resources: tuple[Resource, ...]) -> dict[str, Peer]:
    """Return every peer by its name in the table. The labels of the project's own pods come from their templates."""
    found: dict[str, Peer] = {
        name: Peer("tapeline", labels)
        for name, labels in TABLE["pods"].items()
        if name in {"kafka", "entity-operator", "cruise-control", "cassandra", "reaper"}
    }
    for pod in pods(resources):
        found[pod.name.removesuffix("-driver").removesuffix("-executor")] = Peer("tapeline", pod.labels)
    for name, outside in TABLE["outside"].items():
        if "namespace" in outside:
            found[name] = Peer(outside["namespace"], outside.get("pods", {}))
    return {**found, "kubernetes-api": Peer(None, {}, "10.96.0.1"), "internet": Peer(None, {}, "203.0.113.7")}


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def in_block(block: Mapping[str, Any], address: str) -> bool:
    ip = ip_address(address)
    return ip in ip_network(block["cidr"]) and not any(ip in ip_network(one) for one in block.get("except", ()))


def matches(rule_peer: Mapping[str, Any], peer: Peer) -> bool:
    if "ipBlock" in rule_peer:
        return peer.address is not None and in_block(rule_peer["ipBlock"], peer.address)
    if peer.address is not None:
        return False
    namespace = rule_peer.get("namespaceSelector")
    in_namespace = (
        peer.namespace == "tapeline"
        if namespace is None
        else selects(namespace, {"kubernetes.io/metadata.name": peer.namespace or ""})
    )
    return in_namespace and selects(rule_peer.get("podSelector", {}), peer.labels)


def allowed_ports(policies: list[Resource], pod: Peer, other: Peer, direction: str) -> set[str]:
    """Return the ports on which the policies of `pod` allow connections from (Ingress) or to (Egress) `other`."""
    side = "from" if direction == "Ingress" else "to"
    return {
        f"{port['port']}/{port['protocol']}"
        for policy in policies
        if direction in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], pod.labels)
        for rule in policy["spec"].get(direction.lower(), ())
        if any(matches(peer, other) for peer in rule[side])
        for port in rule["ports"]
    }


@cache
def allowed(name: str) -> frozenset[tuple[str, str, str]]:
    """Return every connection that an overlay allows: source, target, port."""
    resources = overlay(name)
    policies = [one for one in resources if one["kind"] == "NetworkPolicy"]
    peers = peers_of(resources)

    def connections() -> Iterator[tuple[str, str, str]]:
        for source, from_peer in peers.items():
            for target, to_peer in peers.items():
                ends = []
                if from_peer.namespace == "tapeline":
                    ends.append(allowed_ports(policies, from_peer, to_peer, "Egress"))
                if to_peer.namespace == "tapeline":
                    ends.append(allowed_ports(policies, to_peer, from_peer, "Ingress"))
                for port in set.intersection(*ends) if ends else ():
                    yield source, target, port

    return frozenset(connections())


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_policies_allow_what_the_table_lists_and_nothing_else(name: str) -> None:
    peers = peers_of(overlay(name))
    listed = {
        (source, hop["to"], port)
        for hop in TABLE["hops"]
        for source in (
            [one for one, peer in peers.items() if peer.namespace == "tapeline"]
            if hop["from"] == EVERY_POD
            else [hop["from"]]
        )
        for port in hop["ports"]
    }
    assert allowed(name) == listed


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_is_denied_by_default(name: str) -> None:
    assert named(overlay(name), "NetworkPolicy", "deny-all")["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }


@pytest.mark.parametrize("name", OVERLAYS)
def test_strimzi_opens_the_listener_to_the_same_pods(name: str) -> None:
    (listener,) = named(overlay(name), "Kafka", "tapeline")["spec"]["kafka"]["listeners"]
    opened = {tuple(peer["podSelector"]["matchLabels"].items()) for peer in listener["networkPolicyPeers"]}
    hops = [hop for hop in TABLE["hops"] if hop["to"] == "kafka" and f"{listener['port']}/TCP" in hop["ports"]]
    assert opened == {tuple(TABLE["pods"][hop["from"]].items()) for hop in hops}


def test_the_dashboard_reaches_no_broker_and_only_producers_and_backups_leave_the_cluster() -> None:
    pairs = {(source, target) for source, target, _ in allowed("production")}
    assert ("dashboard", "kafka") not in pairs
    assert {source for source, target in pairs if target == "internet"} == {"producer", "cassandra"}
