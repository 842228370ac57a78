"""The configuration of Prometheus and Alertmanager beside a stack, made from the templates and rules in `deploy`.

- Intervals are options, and the `for` of every rule can be scaled, so that a test need not wait for minutes. A scaled rule differs from
  the rule in production only in its `for`; the windows in expressions do not change.
- The list of targets may be replaced while Prometheus runs: Prometheus reads the file again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from urllib.parse import unquote

import attrs

from devstack.errors import DevstackError
from devstack.servers.monitoring_programs import HOST
from devstack.servers.secrets import Secrets

_PROTECTED = """
  - job_name: protected
    scheme: https
    tls_config: {{ca_file: "{ca_file}"}}
    authorization: {{credentials_file: "{token_file}"}}
    file_sd_configs:
      - files: ["{folder}/protected.json"]
        refresh_interval: {interval}
"""
_URL_WITH_LOGIN = re.compile(r"^( *)- url: (https?://)([^:@/\s]+):([^:@/\s]+)@(\S+)$", re.MULTILINE)
DEPLOY = Path(__file__).parents[2] / "deploy"
_HOLD = re.compile(r"^(\s+for: )(\d+)([smh])$", re.MULTILINE)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@attrs.frozen(kw_only=True)
class Target:
    """An address (host:port) that serves `/metrics`, and the labels that alerts use for it."""

    job: str
    address: str
    labels: Mapping[str, str] = attrs.field(factory=dict)
    is_protected: bool = False
    """Whether it asks for TLS and a token, as the programs of a secure stack do."""


@attrs.frozen(kw_only=True)
class MonitoringOptions:
    """The options of monitoring. URLs of webhooks may contain secrets. Times are in seconds. A port of None is the default or the next free one."""

    pager_url: str = attrs.field(repr=False)
    chat_url: str = attrs.field(repr=False)
    environment: str = "dev"
    scrape_s: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))
    group_wait_s: float = attrs.field(default=5.0, validator=attrs.validators.ge(0))
    group_interval_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    hold_scale: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))
    prometheus_port: int | None = None
    alertmanager_port: int | None = None
    secrets: Secrets | None = attrs.field(default=None, repr=False)
    """Those of a secure stack, for its protected targets."""
    deploy: Path = DEPLOY


def scale_holds(rules: str, scale: float) -> str:
    """Return the text of a rules file with every `for` multiplied by `scale`."""

    def hold(match: re.Match[str]) -> str:
        return f"{match[1]}{int(int(match[2]) * _SECONDS[match[3]] * scale * 1000)}ms"

    return rules if scale == 1.0 else _HOLD.sub(hold, rules)


def render(template: Path, values: Mapping[str, str]) -> str:
    """Return a template of `deploy` with its variables replaced.

    Raises:
        DevstackError: the template cannot be read, or has a variable without a value.

    """
    try:
        return Template(template.read_text("utf-8")).substitute(values)
    except OSError as error:
        raise DevstackError(
            f"{template} cannot be read ({error.strerror}): monitoring needs a checkout with deploy/"
        ) from error
    except (KeyError, ValueError) as error:
        raise DevstackError(f"{template} cannot be filled in: {error}") from error


def hide_logins(config: str) -> str:
    """Return Alertmanager's configuration with the logins of webhooks outside their URLs.

    Alertmanager shows its configuration to everyone who can reach it: passwords never, but URLs before version 0.26.
    """

    def hide(match: re.Match[str]) -> str:
        indent, scheme, user, password, rest = match.groups()
        login = json.dumps({"username": unquote(user), "password": unquote(password)})
        return f"{indent}- url: {scheme}{rest}\n{indent}  http_config: {{basic_auth: {login}}}"

    return _URL_WITH_LOGIN.sub(hide, config)


def write_config(folder: Path, options: MonitoringOptions, *, prometheus_port: int, alertmanager_port: int) -> None:
    """Write the rules and the configuration of both programs to `folder`."""
    deploy = options.deploy
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    for rules in sorted((deploy / "prometheus" / "rules").glob("*.yml")):
        scaled = scale_holds(rules.read_text("utf-8"), options.hold_scale)
        (folder / "rules" / rules.name).write_text(scaled, "utf-8")
    prometheus = {
        "SCRAPE_INTERVAL": _duration(options.scrape_s),
        "SCRAPE_TIMEOUT": _duration(min(options.scrape_s, 10)),
        "EVALUATION_INTERVAL": _duration(options.scrape_s),
        "ENVIRONMENT": options.environment,
        "FOLDER": str(folder),
        "PROMETHEUS_ADDRESS": f"{HOST}:{prometheus_port}",
    }
    alertmanager = {
        "GROUP_WAIT": _duration(options.group_wait_s),
        "GROUP_INTERVAL": _duration(options.group_interval_s),
        "PAGER_WEBHOOK_URL": options.pager_url,
        "CHAT_WEBHOOK_URL": options.chat_url,
    }
    protected = "" if options.secrets is None else _protected(options.secrets, folder, prometheus["SCRAPE_INTERVAL"])
    configs = {
        "prometheus": render(deploy / "prometheus" / "prometheus.yml", prometheus) + protected,
        "alertmanager": hide_logins(render(deploy / "alertmanager" / "alertmanager.yml", alertmanager)),
    }
    for name, config in configs.items():
        file = folder / f"{name}.yml"
        file.touch(mode=0o600)  # webhooks have secrets
        file.write_text(config, "utf-8")
    target = Target(job="alertmanager", address=f"{HOST}:{alertmanager_port}")
    write_targets(folder / "alertmanagers.json", [target])


def _protected(secrets: Secrets, folder: Path, interval: str) -> str:
    """Return the scrape configuration of protected targets. The template ends with the list that it belongs to."""
    return _PROTECTED.format(
        ca_file=secrets.ca_file, token_file=secrets.metrics_token, folder=folder, interval=interval
    )


def write_targets(file: Path, targets: Iterable[Target]) -> None:
    """Replace a file of targets, in the format of Prometheus' `file_sd_configs`."""
    entries = [{"targets": [target.address], "labels": {"job": target.job, **target.labels}} for target in targets]
    new = file.with_name(f"{file.name}.new")
    new.write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    new.replace(file)


def _duration(seconds: float) -> str:
    """Return a duration as Prometheus writes it."""
    return f"{int(seconds * 1000)}ms"
