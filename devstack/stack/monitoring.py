"""Prometheus and Alertmanager for a stack that is up, from the templates and rules in `deploy`.

- They are written down with the stack's own servers: `down` ends them, and removes what they kept.
- What they watch is a list that may change while they run: the stack's servers, and the programs that the caller names.
- Intervals can be short, and the rules' `for` can be scaled, so that a test need not wait for minutes. A scaled rule is the rule in all but
  its patience; windows inside expressions stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from string import Template

import attrs

from devstack.errors import DevstackError
from devstack.servers import monitoring_programs
from devstack.servers.monitoring_programs import HOST, MonitoringProgram

from .folder import locked
from .launch import launch, stop_all
from .ports import Claims
from .record import read_record
from .stack import Stack

PROMETHEUS_PORT, ALERTMANAGER_PORT, NODE_EXPORTER_PORT = 9090, 9093, 9100
DEPLOY = Path(__file__).parents[2] / "deploy"
GRACE_S = 10.0
_HOLD = re.compile(r"^(\s+for: )(\d+)([smh])$", re.MULTILINE)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@attrs.frozen(kw_only=True)
class Target:
    """Something that answers `/metrics` at `address` (host:port), and the labels by which alerts name it."""

    job: str
    address: str
    labels: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class MonitoringOptions:
    """How it watches. Addresses of webhooks may hold secrets; times in seconds; ports of None mean the usual or the next free one."""

    pager_url: str = attrs.field(repr=False)
    chat_url: str = attrs.field(repr=False)
    environment: str = "dev"
    scrape_s: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    group_wait_s: float = attrs.field(default=5.0, validator=attrs.validators.ge(0))
    group_interval_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    hold_scale: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))
    prometheus_port: int | None = None
    alertmanager_port: int | None = None
    deploy: Path = DEPLOY


def scaled(rules: str, scale: float) -> str:
    """Multiply every `for` in the text of a rules file."""

    def hold(match: re.Match[str]) -> str:
        return f"{match[1]}{int(int(match[2]) * _SECONDS[match[3]] * scale * 1000)}ms"

    return rules if scale == 1.0 else _HOLD.sub(hold, rules)


def span(seconds: float) -> str:
    """Return a span of time as Prometheus writes it."""
    return f"{int(seconds * 1000)}ms"


def render(template: Path, values: Mapping[str, str]) -> str:
    """Fill in a template of `deploy`.

    Raises:
        DevstackError: the template is not there, or wants what was not given.

    """
    try:
        return Template(template.read_text("utf-8")).substitute(values)
    except OSError as error:
        raise DevstackError(
            f"{template} cannot be read ({error.strerror}): monitoring needs a checkout with deploy/"
        ) from error
    except (KeyError, ValueError) as error:
        raise DevstackError(f"{template} cannot be filled in: {error}") from error


def require_monitoring(deploy: Path = DEPLOY) -> None:
    """See that all is there that monitoring needs.

    Raises:
        DevstackError: a program or the folder of rules is not.

    """
    monitoring_programs.require_programs()
    if not (deploy / "prometheus" / "rules").is_dir():
        raise DevstackError(f"there are no rules in {deploy}: monitoring needs a checkout of tapeline")


class Monitoring:
    """Prometheus, Alertmanager and a node exporter beside `stack`, which must be up."""

    def __init__(
        self, stack: Stack, options: MonitoringOptions, *, say: Callable[[str], None] = lambda _text: None
    ) -> None:
        self._stack = stack
        self._options = options
        self._say = say
        self._folder = stack.folder / "monitoring"
        self._ports: dict[str, int] = {}

    @property
    def prometheus_url(self) -> str:
        """Where Prometheus answers; only once started."""
        return f"http://{HOST}:{self._ports['prometheus']}"

    @property
    def alertmanager_url(self) -> str:
        """Where Alertmanager answers; only once started."""
        return f"http://{HOST}:{self._ports['alertmanager']}"

    @property
    def ready_urls(self) -> Mapping[str, str]:
        """Where each of the three answers 200 while it is well, by its name; only once started."""
        return {server.name: f"http://{HOST}:{server.port}{server.ready_path}" for server in self._servers()}

    def start(self, targets: Iterable[Target] = ()) -> None:
        """Start all three, and return when they answer.

        Raises:
            DevstackError: a program, a port or a template is missing, or one ended; none of them is left running.

        """
        require_monitoring(self._options.deploy)
        with locked(self._stack.folder, make=False) as exists, Claims() as claims:
            record = read_record(self._stack.folder) if exists else None
            if record is None:
                raise DevstackError(f"there is no stack {self._stack.name!r} to watch: bring it up first")
            self._ports = {
                "prometheus": _port(claims, self._options.prometheus_port, PROMETHEUS_PORT, "Prometheus"),
                "alertmanager": _port(claims, self._options.alertmanager_port, ALERTMANAGER_PORT, "Alertmanager"),
                "node-exporter": _port(claims, None, NODE_EXPORTER_PORT, "the node exporter"),
            }
            self._write()
            self.watch(targets)
            launch(self._servers(), record, self._stack.folder, self._say, with_peers=False)

    def watch(self, targets: Iterable[Target]) -> None:
        """Have Prometheus watch these programs, and the stack's servers, from its next look at the list on."""
        every = [
            *targets,
            Target(job="node", address=f"{HOST}:{self._ports['node-exporter']}"),
            Target(job="alertmanager", address=f"{HOST}:{self._ports['alertmanager']}"),
        ]
        for name, address in self._stack.metrics_targets.items():
            every.append(Target(job=name.rpartition("-")[0], address=address, labels={"server": name}))
        self._list("targets.json", every)

    def close(self) -> None:
        """End them; closing twice is fine. What they kept goes with the stack."""
        record = read_record(self._stack.folder)
        running = record.running if record else {}
        stop_all((running[name] for name in self._ports if name in running), GRACE_S)

    def _servers(self) -> list[MonitoringProgram]:
        return [
            monitoring_programs.prometheus(
                self._folder / "prometheus", self._ports["prometheus"], self._folder / "prometheus.yml"
            ),
            monitoring_programs.alertmanager(
                self._folder / "alertmanager", self._ports["alertmanager"], self._folder / "alertmanager.yml"
            ),
            monitoring_programs.node_exporter(self._folder / "node-exporter", self._ports["node-exporter"]),
        ]

    def _write(self) -> None:
        options, deploy = self._options, self._options.deploy
        (self._folder / "rules").mkdir(parents=True, exist_ok=True)
        for rules in sorted((deploy / "prometheus" / "rules").glob("*.yml")):
            (self._folder / "rules" / rules.name).write_text(
                scaled(rules.read_text("utf-8"), options.hold_scale), "utf-8"
            )
        prometheus = {
            "SCRAPE_INTERVAL": span(options.scrape_s),
            "SCRAPE_TIMEOUT": span(min(options.scrape_s, 10)),
            "EVALUATION_INTERVAL": span(options.scrape_s),
            "ENVIRONMENT": options.environment,
            "FOLDER": str(self._folder),
            "PROMETHEUS_ADDRESS": f"{HOST}:{self._ports['prometheus']}",
        }
        alertmanager = {
            "GROUP_WAIT": span(options.group_wait_s),
            "GROUP_INTERVAL": span(options.group_interval_s),
            "PAGER_WEBHOOK_URL": options.pager_url,
            "CHAT_WEBHOOK_URL": options.chat_url,
        }
        for name, values in (("prometheus", prometheus), ("alertmanager", alertmanager)):
            file = self._folder / f"{name}.yml"
            file.touch(mode=0o600)  # the addresses of webhooks may hold secrets
            file.write_text(render(deploy / name / f"{name}.yml", values), "utf-8")
        self._list("alertmanagers.json", [Target(job="alertmanager", address=f"{HOST}:{self._ports['alertmanager']}")])

    def _list(self, name: str, targets: Iterable[Target]) -> None:
        entries = [{"targets": [target.address], "labels": {"job": target.job, **target.labels}} for target in targets]
        new = self._folder / f"{name}.new"
        new.write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
        new.replace(self._folder / name)


def _port(claims: Claims, given: int | None, usual: int, what: str) -> int:
    return claims.next_free([HOST], usual, what=what) if given is None else claims.given([HOST], given, what=what)
