"""Nobody who reads the packets between programs and servers of a secure stack learns a symbol, a token or a password.

The same run of a plain stack shows that the eavesdropper would have found the symbol.
"""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from adapters.cassandra.session import CassandraSession
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from apps.local_stack.parts import Servers, prepare
from devstack.servers.secrets import ADMIN, Secrets
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded
from tests.support.programs import ROOT, TOKEN
from tests.support.timeouts import scaled

from .eavesdropper import eavesdropping

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.needs("tcpdump"), pytest.mark.timeout(400)]

SYMBOL = "BINANCE:EAVESDROPPED"


@attrs.frozen(kw_only=True)
class Wire:
    """What was captured during a run."""

    by_port: Mapping[int, bytes]
    ports: set[int]
    """Those of the stack's servers."""
    secrets: list[bytes]

    def ports_with(self, text: bytes) -> set[int]:
        return {port for port in self.ports if text in self.by_port.get(port, b"")}


def run(*command: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "apps.cli", *command],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=scaled(180), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def passwords_of(secrets: Secrets) -> list[bytes]:
    return [file.read_bytes() for server in ("kafka", "cassandra") for file in (secrets.folder / server).iterdir()]


def capture_a_run(folder: Path, *, secure: bool) -> Wire:
    """Carry trades from a feed to Cassandra and read their candles, on two nodes that both store each row."""
    stack = Stack(name="wire", home=folder, nodes=2, cassandra_heap_mb=512, quick_jit=True, secure=secure)
    with eavesdropping(folder) as capture, guarded(stack):
        prepare(stack)
        admin = Servers.of(stack, user=ADMIN, role=ADMIN).cassandra
        with CassandraSession(admin) as session:
            copies = f"{{'class': 'NetworkTopologyStrategy', '{stack.cassandra_datacenter}': 2}}"
            session.driver.execute(f"ALTER KEYSPACE {admin.keyspace} WITH replication = {copies}")
        with SimulatedFinnhub(SimulatorSettings(keys=[TOKEN])) as simulator:
            run(
                "producer", "--symbols", SYMBOL, "--duration", "3", "--metrics-port", "0",
                **Servers.of(stack, user="producer").variables(),
                TAPELINE_FINNHUB_TOKEN=TOKEN, TAPELINE_FINNHUB_URL=simulator.url,
            )  # fmt: skip
        run(
            "aggregator", "--once", "--checkpoint", str(folder / "checkpoint"), "--metrics-port", "0",
            **Servers.of(stack, user="aggregator", role="aggregator").variables(),
        )  # fmt: skip
        assert SYMBOL in run("query", "candles", SYMBOL, **Servers.of(stack, role="query").variables())
        for address in stack.metrics_targets.values():
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=scaled(20)) as answer:
                assert answer.status == 200
        ports = stack.ports
        passwords = [] if stack.secrets is None else passwords_of(stack.secrets)
    return Wire(by_port=capture.by_port(), ports=ports, secrets=[TOKEN.encode(), *passwords])


def test_a_secure_run_shows_no_symbol_and_no_secret(tmp_path: Path) -> None:
    wire = capture_a_run(tmp_path, secure=True)
    assert wire.by_port.keys() >= wire.ports
    assert wire.ports_with(SYMBOL.encode()) == set()
    assert [secret for secret in wire.secrets if wire.ports_with(secret)] == []


def test_a_plain_run_shows_the_symbol(tmp_path: Path) -> None:
    wire = capture_a_run(tmp_path, secure=False)
    assert wire.by_port.keys() >= wire.ports
    assert len(wire.ports_with(SYMBOL.encode())) == 3, "Kafka's clients, Cassandra's clients, and between the nodes"
