"""Monitoring resources from the files that the local stack uses: alert rules, inhibition rules, and the rules of the JMX exporter."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any, Final

import yaml

_TIMES: Final = {"GROUP_WAIT": "10s", "GROUP_INTERVAL": "1m"}


def prometheus_rules(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return one PrometheusRule for each file of rules."""
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": f"tapeline-{file.stem}", "labels": {"app.kubernetes.io/part-of": "tapeline"}},
            "spec": yaml.safe_load(file.read_text("utf-8")),
        }
        for file in files
    ]


def config_map(name: str, file: Path) -> dict[str, Any]:
    """Return a ConfigMap that contains a file under its own name."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {file.name: file.read_text("utf-8")},
    }


def alertmanager_config(receivers: Path, inhibitions: Path) -> dict[str, Any]:
    """Return the routes and receivers of one file with the inhibition rules of another."""
    config: dict[str, Any] = yaml.safe_load(receivers.read_text("utf-8"))
    return {**config, "inhibit_rules": yaml.safe_load(inhibitions.read_text("utf-8"))["inhibit_rules"]}


def compose_alertmanager(template: Path, urls: Mapping[str, str]) -> dict[str, Any]:
    """Return the configuration of the local stack with each receiver's URL in a file, by the receiver's name; without files nothing is sent."""
    text = Template(template.read_text("utf-8")).substitute(_TIMES, PAGER_WEBHOOK_URL="", CHAT_WEBHOOK_URL="")
    config: dict[str, Any] = yaml.safe_load(text)
    names = [receiver["name"] for receiver in config["receivers"]]
    config["receivers"] = [
        {"name": name, "webhook_configs": [{"url_file": urls[name], "send_resolved": True}]} if urls else {"name": name}
        for name in names
    ]
    return config
