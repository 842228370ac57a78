"""Kafka's own tools on a secure stack: they connect as its administrator, and no password is on their command lines."""

from pathlib import Path

import pytest

from devstack.stack import Stack
from tests.support.server_tools import run_devstack

pytestmark = pytest.mark.servers

COMMANDS = {
    "kafka-topics": ["--list"],
    "kafka-acls": ["--list"],
    "kafka-broker-api-versions": [],
    "kafka-configs": ["--describe", "--entity-type", "topics", "--entity-name", "trades"],
    "kafka-console-consumer": ["--topic", "trades", "--timeout-ms", "1000"],
    "kafka-consumer-groups": ["--list"],
    "kafka-features": ["describe"],
    "kafka-get-offsets": ["--topic", "trades"],
    "kafka-leader-election": ["--election-type", "preferred", "--all-topic-partitions"],
    "kafka-log-dirs": ["--describe"],
    "kafka-metadata-quorum": ["describe", "--status"],
    "kafka-reassign-partitions": ["--list"],
    "kafka-transactions": ["list"],
}
QUICK = ("kafka-topics",)
ROWS = [
    pytest.param(tool, arguments, id=tool, marks=() if tool in QUICK else pytest.mark.faults)
    for tool, arguments in COMMANDS.items()
]


@pytest.mark.parametrize(("tool", "arguments"), ROWS)
def test_a_tool_connects_as_the_administrator(secure_stack: Stack, tool: str, arguments: list[str]) -> None:
    done = run_devstack("kafka", secure_stack, tool, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "deprecated" not in done.stderr


def test_the_clients_of_a_person_win(secure_stack: Stack, tmp_path: Path) -> None:
    nobody = tmp_path / "nobody.properties"
    nobody.write_text("security.protocol=SASL_SSL\nsasl.mechanism=GSSAPI\n", "utf-8")
    done = run_devstack("kafka", secure_stack, "kafka-topics", "--list", "--command-config", str(nobody))
    assert done.returncode != 0
