"""The whole pipeline as `tapeline stack` runs it, with a market whose rate can be changed: one broker, one Cassandra node, the producer, the aggregator.

Servers, topics, tables and both programs are made by the functions that `tapeline stack` uses, with its defaults. Differences: the market is a process
of its own, so that its share of the machine can be told from the producer's; no page, table, Prometheus or Alertmanager run beside.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import typed_settings as ts

from adapters.kafka.offsets import end_offsets
from adapters.kafka.topics import DEFAULT_PARTITIONS
from adapters.spark.committed_offsets import caught_up
from apps.local_stack.alerts import MetricsPorts, program_ports
from apps.local_stack.parts import CHECKPOINT, Servers, aggregator_child, prepare, producer_child
from apps.runtime.child_processes import Child
from apps.settings.options import FinnhubOptions
from apps.settings.stack import StackSettings
from bench.harness.runs import ROOT
from bench.harness.workload import markers, symbols
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES_A_FRAME: Final = 10
MARKERS: Final = tuple(markers(DEFAULT_PARTITIONS))
START_S: Final = 120.0
_POLL_S: Final = 0.1


class Pipeline:
    """Up between `with` and its end; the aggregator runs from `start_aggregator` on. Its files are below `folder`."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._stack = Stack(name="bench", home=folder)
        self._say = say
        self._exit = ExitStack()
        self._aggregator: Child | None = None
        self.servers: Servers
        self._market: subprocess.Popen[str]
        self._producer: Child
        self._ports: MetricsPorts

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    @property
    def folder(self) -> Path:
        """Where servers, checkpoint and logs are."""
        return self._stack.folder

    @property
    def aggregator_log(self) -> Path:
        """The aggregator's log, a JSON object a line."""
        return self.folder / "aggregator.log"

    def pids(self) -> dict[str, int]:
        """Give the processes by the names of the parts."""
        servers = {status.name: status.pid for status in self._stack.status()}
        parts = {
            "market": self._market.pid,
            "producer": self._producer.pid,
            "Kafka": servers["kafka-1"],
            "Spark": self._aggregator.pid if self._aggregator else None,
            "Cassandra": servers["cassandra-1"],
        }
        return {name: pid for name, pid in parts.items() if pid is not None}

    def check(self) -> None:
        """Raise TapelineError when a program has ended."""
        self._producer.check()
        if self._aggregator:
            self._aggregator.check()

    def start_aggregator(self, trigger_s: float) -> None:
        """Run the aggregator with this trigger, in place of the one that runs, from where that one came to."""
        self.stop_aggregator()
        settings = StackSettings(trigger_s=trigger_s)
        self._aggregator = aggregator_child(settings, self.servers, self.folder, self._ports.aggregator)
        self._exit.enter_context(self._aggregator)

    def stop_aggregator(self) -> None:
        """End it in order."""
        if self._aggregator:
            self._aggregator.stop(timeout_s=60)
            self._aggregator = None

    def set_rate(self, trades_per_s: float) -> int:
        """Send so many trades a second from now on; gives how many were sent before."""
        assert self._market.stdin is not None
        assert self._market.stdout is not None
        self._market.stdin.write(f"{trades_per_s}\n")
        self._market.stdin.flush()
        return int(self._market.stdout.readline())

    def on_topic(self) -> dict[int, int]:
        """Give how many trades each partition of the topic has got."""
        return end_offsets(self.servers.kafka, self.servers.kafka.trades_topic)

    def await_stored(self, timeout_s: float) -> bool:
        """Wait until Spark has stored all that is on the topic now; False when it has not in time."""
        ends = self.on_topic()
        end_s = time.monotonic() + timeout_s
        while not caught_up(self.folder / CHECKPOINT, self.servers.kafka.trades_topic, ends):
            self.check()
            if time.monotonic() > end_s:
                return False
            time.sleep(_POLL_S)
        return True

    def _start(self) -> None:
        self._say("starting Kafka, Cassandra, the market and the producer")
        self._exit.enter_context(guarded(self._stack))
        self.servers = Servers.of(self._stack)
        prepare(self.servers)
        self._ports = self._exit.enter_context(program_ports(watched=False))
        command = (sys.executable, "-m", "bench.programs.adjustable_market", str(TRADES_A_FRAME), ",".join(MARKERS))
        self._market = self._exit.enter_context(
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert self._market.stdout is not None
        url = f"ws://127.0.0.1:{int(self._market.stdout.readline())}"
        settings = StackSettings(symbols=tuple(symbols()), finnhub=FinnhubOptions(url=url, token=ts.SecretStr("bench")))
        self._producer = producer_child(settings, self.servers, self.folder, self._ports.producer)
        self._exit.enter_context(self._producer)
        self.set_rate(100)
        end_s = time.monotonic() + START_S
        while not sum(self.on_topic().values()):
            self._producer.check()
            assert time.monotonic() < end_s, "the producer carries nothing"
            time.sleep(_POLL_S)
