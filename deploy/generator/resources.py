"""Every generated file, by its path."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from .kafka_users import kafka_users
from .monitoring import alertmanager_config, compose_alertmanager, config_map, prometheus_rules
from .network import network_policies

ROOT: Final = Path(__file__).parents[2]
KUBERNETES: Final = ROOT / "deploy" / "kubernetes"
_NOTE: Final = "# Written by `python -m deploy.generator` from {}; do not edit.\n"


def generated() -> dict[Path, str]:
    """Return the text of each file."""
    base, table = KUBERNETES / "base", KUBERNETES / "network.yaml"
    rules = ROOT / "deploy" / "prometheus" / "rules"
    jmx = ROOT / "devstack" / "servers" / "jmx"
    receivers = KUBERNETES / "alertmanager" / "receivers.yaml"
    inhibitions = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
    policies = network_policies(yaml.safe_load(table.read_text("utf-8")))
    compose = ROOT / "deploy" / "compose" / "generated"
    urls = {name: f"/run/secrets/{name}-url" for name in ("pager", "chat")}
    return {
        compose / "alertmanager.dev.yml": _text(inhibitions, [compose_alertmanager(inhibitions, {})]),
        compose / "alertmanager.production-like.yml": _text(inhibitions, [compose_alertmanager(inhibitions, urls)]),
        KUBERNETES / "alertmanager" / "generated" / "alertmanager.yaml": _text(
            receivers, [alertmanager_config(receivers, inhibitions)]
        ),
        base / "network" / "generated" / "policies.yaml": _text(table, policies),
        base / "monitoring" / "generated" / "rules.yaml": _text(rules, prometheus_rules(sorted(rules.glob("*.yml")))),
        base / "kafka" / "generated" / "users.yaml": _text(
            ROOT / "domain" / "program_rights.py", kafka_users("tapeline")
        ),
        base / "kafka" / "generated" / "metrics.yaml": _text(jmx, [config_map("kafka-metrics", jmx / "kafka.yaml")]),
        base / "cassandra" / "generated" / "metrics.yaml": _text(
            jmx, [config_map("cassandra-metrics", jmx / "cassandra.yaml")]
        ),
    }


class _Dumper(yaml.SafeDumper):
    """Write texts of several lines as blocks, and repeat equal values instead of naming them."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def _text(source: Path, resources: Iterable[dict[str, Any]]) -> str:
    note = _NOTE.format(source.relative_to(ROOT).as_posix())
    return note + yaml.dump_all(resources, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=160)
