"""Kafka's command-line tools from the jars of the dev stack, under the names of Kafka's own scripts.

A tool that connects to brokers is given `--bootstrap-server` with the brokers of the stack, unless the arguments name others. On a secure stack
it is the administrator: it is given `--command-config` with the stack's own file of client properties, unless the arguments name another one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devstack.errors import DevstackError
from devstack.jars import classpath
from devstack.servers.java import java_command

_TOOLS = "org.apache.kafka.tools"
BROKER_TOOLS: Final = {
    "kafka-acls": f"{_TOOLS}.AclCommand",
    "kafka-broker-api-versions": f"{_TOOLS}.BrokerApiVersionsCommand",
    "kafka-configs": f"{_TOOLS}.ConfigCommand",
    "kafka-console-consumer": f"{_TOOLS}.consumer.ConsoleConsumer",
    "kafka-console-producer": f"{_TOOLS}.ConsoleProducer",
    "kafka-consumer-groups": f"{_TOOLS}.consumer.group.ConsumerGroupCommand",
    "kafka-delete-records": f"{_TOOLS}.DeleteRecordsCommand",
    "kafka-features": f"{_TOOLS}.FeatureCommand",
    "kafka-get-offsets": f"{_TOOLS}.GetOffsetShell",
    "kafka-leader-election": f"{_TOOLS}.LeaderElectionCommand",
    "kafka-log-dirs": f"{_TOOLS}.LogDirsCommand",
    "kafka-metadata-quorum": f"{_TOOLS}.MetadataQuorumCommand",
    "kafka-reassign-partitions": f"{_TOOLS}.reassign.ReassignPartitionsCommand",
    "kafka-topics": f"{_TOOLS}.TopicCommand",
    "kafka-transactions": f"{_TOOLS}.TransactionsCommand",
}
"""The main classes of the tools that connect to brokers."""
FILE_TOOLS: Final = {"kafka-dump-log": f"{_TOOLS}.DumpLogSegments", "kafka-storage": "kafka.tools.StorageTool"}
"""The main classes of the tools that read a broker's files."""

_LOG = Path(__file__).with_name("log4j2.properties")
_SERVER_OPTIONS = ("--bootstrap-server", "--bootstrap-controller")
_CLIENT_OPTION = "--command-config"


def run_kafka_tool(
    tool: str, arguments: Sequence[str], *, bootstrap_servers: str, client_properties: Path | None
) -> int:
    """Run a tool on this terminal until it ends, and return its exit code.

    Raises:
        DevstackError: there is no tool of this name.

    """
    main_class = (BROKER_TOOLS | FILE_TOOLS).get(tool)
    if main_class is None:
        raise DevstackError(
            f"no Kafka tool is named {tool!r}; there are {', '.join(sorted(BROKER_TOOLS | FILE_TOOLS))}"
        )
    given = {argument.partition("=")[0] for argument in arguments}
    connection: list[str] = []
    if tool in BROKER_TOOLS and given.isdisjoint(_SERVER_OPTIONS):
        connection += ["--bootstrap-server", bootstrap_servers]
    if tool in BROKER_TOOLS and client_properties is not None and _CLIENT_OPTION not in given:
        connection += [_CLIENT_OPTION, str(client_properties)]
    command = [
        str(java_command()),
        "-Xmx256m",
        "-XX:TieredStopAtLevel=1",
        f"-Dlog4j2.configurationFile={_LOG}",
        "-cp",
        os.pathsep.join(map(str, classpath("kafka"))),
        main_class,
        *connection,
        *arguments,
    ]
    return subprocess.call(command)  # noqa: S603 - the arguments of the person who runs it, without a shell
