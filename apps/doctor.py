"""`tapeline doctor`: check what the pipeline needs, and say what to do about each failure. It changes nothing.

The exit code is 1 if a check fails.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click

from devstack.errors import DevstackError
from devstack.servers.java import java_home
from ports.diagnosis import Finding

from .containers.commands import DoctorContainer
from .observability.tls_connections import cassandra_tls, kafka_tls
from .observability.tls_findings import tls_finding
from .output.finding_tables import finding_json, print_findings
from .runtime.commands import run
from .runtime.logs import configure_logs
from .settings.doctor import DoctorSettings, wrong_settings
from .settings.loader import app_command

ADVICE: Final = {
    "settings": "correct the setting in tapeline.toml, in the file that TAPELINE_SETTINGS names, or in the variable; see docs/settings.md",
    "java": "install Java 17, or set JAVA_HOME; only Spark and the dev stack need it",
    "kafka.reachable": "start Kafka (`tapeline devstack up`), or set TAPELINE_KAFKA_BOOTSTRAP_SERVERS and the security properties",
    "kafka.tls": "set TAPELINE_KAFKA_SECURITY_PROTOCOL and _SSL_CA_FILE, or renew the certificate; see docs/security.md",
    "kafka.topics": "create missing topics with `tapeline admin topics`; change others with Kafka's own tools",
    "kafka.rights": "grant the user these operations on the topics; see docs/kafka.md",
    "kafka.clock": "synchronize this machine and the brokers by NTP: trades from the future are rejected",
    "cassandra.reachable": "start Cassandra (`tapeline devstack up`), or set TAPELINE_CASSANDRA_HOSTS, _PORT, _LOCAL_DC, _USERNAME and _PASSWORD",
    "cassandra.tls": "set TAPELINE_CASSANDRA_TLS and _CA_FILE, or renew the certificate; see docs/security.md",
    "cassandra.schema": "apply the missing migrations with `tapeline admin schema`",
    "cassandra.rights": "apply the schema first, then grant the user SELECT and MODIFY on the keyspace",
    "cassandra.clock": "synchronize this machine and the nodes by NTP: the later write time wins in Cassandra",
}


def findings(settings: DoctorSettings) -> Sequence[Finding]:
    """Run every check."""
    container = DoctorContainer(kafka=settings.kafka.adapter(), cassandra=settings.cassandra.adapter())
    return [
        _settings(),
        _java(),
        *container.kafka_diagnosis().findings(),
        tls_finding("kafka.tls", kafka_tls(settings.kafka)),
        *container.cassandra_diagnosis().findings(),
        tls_finding("cassandra.tls", cassandra_tls(settings.cassandra)),
    ]


def _settings() -> Finding:
    wrong = wrong_settings()
    return Finding(check="settings", ok=not wrong, detail="; ".join(wrong) or "the settings of every program are valid")


def _java() -> Finding:
    try:
        return Finding(check="java", ok=True, detail=f"Java 17 at {java_home()}")
    except DevstackError as error:
        return Finding(check="java", ok=False, detail=str(error))


@app_command(DoctorSettings, "doctor")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="json is one object a line")  # fmt: skip
def doctor(settings: DoctorSettings, form: str) -> None:
    """Check settings, Java, Kafka and Cassandra, and say what to do about each failure. Exit with 1 if a check fails."""
    configure_logs(level="critical")
    found = findings(settings)
    if form == "json":
        for finding in found:
            click.echo(finding_json(finding, ADVICE[finding.check]))
    else:
        print_findings(found, ADVICE)
    sys.exit(0 if all(finding.ok for finding in found) else 1)


if __name__ == "__main__":
    run(doctor, "tapeline doctor")
