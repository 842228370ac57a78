"""`tapeline stack` seen from outside: its page, its Alertmanager, its terminal and its processes.

The rules are those of production, with a tenth of the patience: `--alert-patience 0.1`. Expressions and their windows are untouched. Nothing here
goes by the clock: each step waits for what it wants to see.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import psutil

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from devstack.stack.process import ServerProcess
from devstack.stack.record import read_record

from .alertmanager import states
from .releases import ROOT

PATIENCE_S = 300.0
"""For a machine that does much else: at a load of 22 on 2 cores the start was seen to take four minutes."""
QUICK_JIT = "-XX:TieredStopAtLevel=1"


def until(condition: Callable[[], object], what: Callable[[], object]) -> None:
    """Wait until the condition holds. Raise AssertionError with what there is instead after `PATIENCE_S`."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, str(what())
        time.sleep(0.1)


@attrs.define
class Watched:
    """A stack that runs, seen from outside: its page, its Alertmanager, its terminal, its processes."""

    process: "subprocess.Popen[str]"
    folder: Path
    lines: list[str] = attrs.Factory(list)

    @property
    def stack(self) -> Stack:
        return Stack(name="stack", home=self.folder / ".devstack")

    def read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def address(self, name: str) -> str:
        """Wait until the terminal names this address."""
        found: list[str] = []

        def is_named() -> bool:
            assert self.process.poll() is None, self.lines
            found.extend(re.findall(rf"{name}: (http://[\d.:]+)", "".join(self.lines)))
            return bool(found)

        until(is_named, lambda: self.lines)
        return found[0]

    def health(self) -> dict[str, Any]:
        """Return the answer of the page's health, or an empty one while the page does not answer."""
        try:
            return dict(httpx.get(f"{self.address('the page')}/api/health", timeout=20).json())
        except httpx.TransportError:  # it begins a moment after the program
            return {"state": "", "stages": [], "alerts": []}

    def stages(self) -> dict[str, str]:
        return {stage["name"]: stage["state"] for stage in self.health()["stages"]}

    def are(self, state: str, *names: str) -> None:
        """Wait until these stages are so."""
        until(lambda: {self.stages().get(name) for name in names} == {state}, lambda: self.health()["stages"])

    def firing(self) -> list[str]:
        return [f"{alert['name']} {alert['summary']}" for alert in self.health()["alerts"]]

    def fires(self, *beginnings: str) -> None:
        """Wait until the page shows an alert that begins so, for each of these."""
        until(
            lambda: all(any(alert.startswith(begin) for alert in self.firing()) for begin in beginnings),
            lambda: (beginnings, self.firing(), self.known(), self.lines[-5:]),
        )

    def over(self, *names: str) -> None:
        """Wait until none of these fires. Others may: on a slow machine Spark's first micro-batches take longer than their trigger."""
        until(lambda: not {alert.partition(" ")[0] for alert in self.firing()} & set(names), self.firing)

    def delivered(self, status: str, since: int = 0) -> list[str]:
        """Name what came to the webhook, in order, after the first `since` of all with this status."""
        file = self.stack.folder / "alerts.jsonl"
        alerts = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [alert["labels"]["alertname"] for alert in alerts if alert["status"] == status][since:]

    def known(self) -> dict[str, str]:
        return states(self.address("Alertmanager"))

    def silenced(self, *names: str, since: int) -> None:
        """Wait until these are suppressed; none of them was delivered."""
        until(lambda: all(self.known().get(name) == "suppressed" for name in names), self.known)
        assert not set(self.delivered("firing", since)) & set(names)

    def runbooks_can_be_read(self) -> None:
        """See that what is not in order, and each alert, says what to do."""
        health = self.health()
        troubled = [
            found for found in health["stages"] if found["state"] != "ok" and found["name"] not in {"Store", "Data"}
        ]
        assert troubled
        for found in (*troubled, *health["alerts"]):
            page = httpx.get(f"{self.address('the page')}/{found['runbook']}", timeout=20)
            assert (page.status_code, "Meaning" in page.text) == (200, True), found

    def watcher(self, name: str) -> ServerProcess:
        record = read_record(self.stack.folder)
        assert record is not None
        return record.running[name]

    def programs(self) -> "list[Program]":
        """Return the programs of the stack that run."""
        children = psutil.Process(self.process.pid).children()
        found = [child for child in children if any(word.startswith("apps.") for word in child.cmdline())]
        return [Program(child, child.cmdline(), child.environ(), child.children()) for child in found]


@attrs.frozen
class Program:
    """One of our programs as the stack started it, with what it started itself."""

    process: psutil.Process
    command: list[str]
    environment: dict[str, str]
    children: list[psutil.Process]

    def kill(self) -> None:
        """Kill it, unless it has ended. Its JVM ends with it, and releases its port a moment later."""
        if self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            self.process.kill()
        psutil.wait_procs(self.children, PATIENCE_S)

    @contextmanager
    def again(self, folder: Path) -> "Iterator[None]":
        """Run it again, by hand."""
        with (
            (folder / "again.log").open("ab") as log,
            subprocess.Popen(self.command, env=self.environment, cwd=folder, stdout=log, stderr=log) as process,
        ):
            try:
                yield
            finally:
                process.kill()


@contextmanager
def watched(folder: Path, *arguments: str, **variables: str) -> Iterator[Watched]:
    """Run `tapeline stack` with these arguments in this folder; end it, and its servers, afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "apps.stack", "--web-port", "0", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        seen = Watched(process, folder)
        reading = threading.Thread(target=seen.read)
        reading.start()
        try:
            yield seen
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
            reading.join(10)
            seen.stack.down()


@contextmanager
def watched_on(folder: Path, finnhub: SimulatedFinnhub) -> Iterator[Watched]:
    """A stack on this simulated Finnhub, when every stage is green and candles move."""
    variables = {"TAPELINE_FINNHUB_URL": finnhub.url, "TAPELINE_FINNHUB_TOKEN": "any", "SPARK_SUBMIT_OPTS": QUICK_JIT}
    with watched(folder, "--symbols", "BINANCE:BTCUSDT", "--alert-patience", "0.1", **variables) as seen:
        until(lambda: seen.health()["state"] == "ok", seen.health)
        assert list(seen.stages()) == [
            "Feed", "Producer", "Kafka", "Aggregator", "Cassandra", "Prometheus", "Alertmanager", "Node exporter", "Store", "Data",
        ]  # fmt: skip
        newest_ms = seen.health()["newest_event_ms"]
        until(lambda: seen.health()["newest_event_ms"] > newest_ms, seen.health)
        yield seen


def simulator(port: int = 0) -> SimulatedFinnhub:
    """Return a simulated Finnhub that is not started; port 0 is any that is free."""
    return SimulatedFinnhub(SimulatorSettings(port=port, rate=50))
