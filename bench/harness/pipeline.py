"""The whole pipeline as `tapeline stack` runs it, under an adjustable load: one broker, one Cassandra node, the producer and the aggregator.

The functions of `tapeline stack` create the servers, topics, tables and both programs, with its defaults. There are two differences: the market is a
process of its own, so that its CPU time is separate from the producer's; and there is no web page, terminal table, Prometheus or Alertmanager.
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
from bench.harness.variants import ROOT
from bench.harness.workload import markers, symbols
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES_PER_FRAME: Final = 10
MARKERS: Final = tuple(markers(DEFAULT_PARTITIONS))
START_TIMEOUT_S: Final = 120.0
_POLL_S: Final = 0.1


class Pipeline:
    """Runs within its `with` block; the aggregator runs from `start_aggregator` on. All files are below `folder`."""

    def __init__(self, folder: Path, progress: Callable[[str], None], *, secure: bool = False) -> None:
        self._stack = Stack(name="bench", home=folder, secure=secure)
        self._progress = progress
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
        """The folder of the servers' data, the checkpoint and the logs."""
        return self._stack.folder

    @property
    def aggregator_log(self) -> Path:
        """The aggregator's log, one JSON object per line."""
        return self.folder / "aggregator.log"

    def pids(self) -> dict[str, int]:
        """Return the process id of each component that runs, by name."""
        servers = {status.name: status.pid for status in self._stack.status()}
        components = {
            "market": self._market.pid,
            "producer": self._producer.pid,
            "Kafka": servers["kafka-1"],
            "Spark": self._aggregator.pid if self._aggregator else None,
            "Cassandra": servers["cassandra-1"],
        }
        return {name: pid for name, pid in components.items() if pid is not None}

    def check(self) -> None:
        """Raise TapelineError if a program has ended."""
        self._producer.check()
        if self._aggregator:
            self._aggregator.check()

    def start_aggregator(self, trigger_s: float) -> None:
        """Stop the aggregator if it runs, and start it with this trigger. It resumes from its checkpoint."""
        self.stop_aggregator()
        settings = StackSettings(trigger_s=trigger_s)
        servers = Servers.of(self._stack, user="aggregator", role="aggregator")
        self._aggregator = aggregator_child(settings, servers, self.folder, self._ports.aggregator)
        self._exit.enter_context(self._aggregator)

    def stop_aggregator(self) -> None:
        """Stop the aggregator gracefully, if it runs."""
        if self._aggregator:
            self._aggregator.stop(timeout_s=60)
            self._aggregator = None

    def set_rate(self, trades_per_s: float) -> int:
        """Send this many trades per second from now on. Return the number of trades sent so far."""
        assert self._market.stdin is not None
        assert self._market.stdout is not None
        self._market.stdin.write(f"{trades_per_s}\n")
        self._market.stdin.flush()
        return int(self._market.stdout.readline())

    def on_topic(self) -> dict[int, int]:
        """Return the number of trades on each partition of the topic."""
        return end_offsets(self.servers.kafka, self.servers.kafka.trades_topic)

    def await_stored(self, timeout_s: float) -> bool:
        """Wait until Spark has stored all trades that are on the topic now. Return whether it did so before the timeout."""
        ends = self.on_topic()
        end_s = time.monotonic() + timeout_s
        while not caught_up(self.folder / CHECKPOINT, self.servers.kafka.trades_topic, ends):
            self.check()
            if time.monotonic() > end_s:
                return False
            time.sleep(_POLL_S)
        return True

    def _start(self) -> None:
        self._progress("starting Kafka, Cassandra, the market and the producer")
        self._exit.enter_context(guarded(self._stack))
        self.servers = Servers.of(self._stack)
        prepare(self._stack)
        self._ports = self._exit.enter_context(program_ports(watched=False))
        command = (sys.executable, "-m", "bench.programs.adjustable_market", str(TRADES_PER_FRAME), ",".join(MARKERS))
        self._market = self._exit.enter_context(
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        assert self._market.stdout is not None
        url = f"ws://127.0.0.1:{int(self._market.stdout.readline())}"
        settings = StackSettings(symbols=tuple(symbols()), finnhub=FinnhubOptions(url=url, token=ts.SecretStr("bench")))
        servers = Servers.of(self._stack, user="producer")
        self._producer = producer_child(settings, servers, self.folder, self._ports.producer)
        self._exit.enter_context(self._producer)
        self.set_rate(100)
        end_s = time.monotonic() + START_TIMEOUT_S
        while not sum(self.on_topic().values()):
            self._producer.check()
            assert time.monotonic() < end_s, "the producer publishes nothing"
            time.sleep(_POLL_S)
