"""`tapeline stack`: the whole pipeline on real servers on this machine, and the live table read from Cassandra.

Kafka and Cassandra from the dev stack, topics and tables, the producer and the Spark aggregator as processes of their own. It begins empty each
time. A replay ends when all of it is stored; Ctrl-C ends everything. What was stored is gone afterwards, unless --keep leaves Kafka and Cassandra
running.

Where alerts are on it goes on when a program dies, so that the fault can be seen, told and mended. Without them, and in a replay, for whose end
somebody waits, it ends with the program's last words.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import attrs
import click

from adapters.kafka.offsets import end_offsets
from adapters.spark.committed_offsets import caught_up
from devstack.stack import Stack
from devstack.stack.ports import Claims
from domain.errors import TapelineError
from ports.errors import StoreError

from .local_stack.alerts import Alerts, facts, program_ports, stack_alerts, wants_alerts
from .local_stack.owner import end_orphans, own, refuse_if_owned
from .local_stack.page import stack_page
from .local_stack.parts import CHECKPOINT, Servers, aggregator_child, prepare, producer_child, stored_table
from .local_stack.table import StoredTable
from .local_stack.watch import Program, stack_watch
from .observability.pipeline_stages import FiringAlert, StageState
from .observability.stage_watch import StageWatch
from .output.candle_files import CandleFile
from .output.terminal import View, make_view
from .runtime.child_processes import Child
from .runtime.commands import run
from .runtime.logs import configure_logs
from .runtime.signals import StopRequest, stop_on_signals
from .services.recording_summary import scan_recording
from .settings.loader import app_command
from .settings.stack import StackSettings

CATCH_UP_TIMEOUT_S = 120.0
PRODUCER_STOP_S = 40.0
POLL_S = 0.1


class StackRun:
    """The part of a run in which everything is up."""

    def __init__(
        self,
        settings: StackSettings,
        servers: Servers,
        table: StoredTable,
        producer: Child,
        aggregator: Child,
        watch: StageWatch,
        alerts: Alerts | None,
    ) -> None:
        self._settings = settings
        self._servers = servers
        self._table = table
        self._producer = producer
        self._aggregator = aggregator
        self._watch = watch
        self._alerts = alerts

    def watch(self, view: View, stop: StopRequest) -> None:
        """Show the table until the producer has ended, the time is up, or somebody asks to stop.

        Raises TapelineError when a program fails, unless alerts tell of it: then the rest goes on, so that it can be seen and mended.
        """
        duration_s = self._settings.duration_s
        end_s = float("inf") if duration_s is None else time.monotonic() + duration_s
        watched = self._alerts is not None

        def done() -> bool:
            code = self._producer.exit_code()
            return stop.requested or code == 0 or (code is not None and not watched) or time.monotonic() >= end_s

        self._show_until(done, view, may_fail=watched)

    def await_all_stored(self, view: View, folder: Path) -> None:
        """Go on until Spark has stored all that is on the topic. Raises TapelineError when that takes too long."""
        topic = self._servers.kafka.trades_topic
        ends = end_offsets(self._servers.kafka, topic)
        end_s = time.monotonic() + CATCH_UP_TIMEOUT_S

        def all_stored() -> bool:
            if time.monotonic() > end_s:
                raise TapelineError(f"Spark has not stored everything within {CATCH_UP_TIMEOUT_S:.0f} s")
            return caught_up(folder / CHECKPOINT, topic, ends)

        self._show_until(all_stored, view)
        self._show(view, whole=True)

    def _show_until(self, done: Callable[[], bool], view: View, *, may_fail: bool = False) -> None:
        interval_s = max(self._settings.refresh_s, view.least_interval_s)
        next_s = time.monotonic()
        while not done():
            if not may_fail:
                self._producer.check(may_end=True)
                self._aggregator.check()
            if time.monotonic() >= next_s:
                self._show(view, may_fail=may_fail)
                next_s = time.monotonic() + interval_s
            time.sleep(POLL_S)

    def _show(self, view: View, *, whole: bool = False, may_fail: bool = False) -> None:
        stages = self._watch.stages()
        try:
            # Of a frozen store one waits for seconds, and the table would tell of nothing meanwhile.
            if not may_fail or not any(
                stage.name == "Cassandra" and stage.state is StageState.DOWN for stage in stages
            ):
                self._table.refresh(whole=whole)
        except StoreError:
            if not may_fail:
                raise
        snapshot = self._table.snapshot()
        told: Sequence[FiringAlert] = () if self._alerts is None else self._alerts.firing(stages)
        view.show(attrs.evolve(snapshot, facts={**snapshot.facts, **facts(told, stages)}))


def run_stack(settings: StackSettings) -> str:
    """Run it all; gives the summary. Raises TapelineError or DevstackError, and then nothing is left running."""
    watched = wants_alerts(settings, click.echo)
    devstack = Stack(name=settings.name, report=click.echo)
    recording = None
    if settings.replay is not None:
        recording = scan_recording(settings.replay, symbols=settings.symbols, rules=settings.rules.adapter())
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        out = None if settings.candles_out is None else stack.enter_context(CandleFile(settings.candles_out))
        # It begins empty: what an earlier run kept, or left after a kill -9, goes.
        refuse_if_owned(devstack.folder, settings.name)
        end_orphans(devstack.folder)
        if devstack.status():
            devstack.down()
        if not settings.keep:
            stack.callback(devstack.down)
        devstack.up()
        stack.enter_context(Claims.reserved(devstack.ports))
        own(devstack.folder)
        servers = Servers.of(devstack)
        prepare(servers)
        symbols = settings.symbols_to_receive if recording is None else recording.symbols
        table = stack.enter_context(stored_table(settings, servers, symbols, recording))
        alerts = stack.enter_context(stack_alerts(settings, devstack, watched=watched))
        ports = stack.enter_context(program_ports(watched=watched))
        click.echo(f"starting Spark and the producer; their logs are in {devstack.folder}")
        folder = devstack.folder
        aggregator = stack.enter_context(
            aggregator_child(settings, servers, folder, ports.aggregator, spark_port=ports.spark)
        )
        producer = stack.enter_context(producer_child(settings, servers, folder, ports.producer))
        own(folder, children=(producer.pid, aggregator.pid))
        watch = stack.enter_context(
            stack_watch(
                servers,
                producer=Program(producer, ports.producer),
                aggregator=Program(aggregator, ports.aggregator),
                spark_port=ports.spark,
                watchers={} if alerts is None else alerts.watchers,
            )
        )
        page = stack.enter_context(
            stack_page(settings, servers, symbols=symbols, recording=recording, watch=watch, alerts=alerts)
        )
        if page:
            click.echo(f"the page: {page}")
        if alerts is not None:
            alerts.watch(ports, page if page.startswith("http") else "")
            click.echo("   ".join(f"{name}: {url}" for name, url in alerts.links.items()))
        stack_run = StackRun(settings, servers, table, producer, aggregator, watch, alerts)
        with make_view() as view:
            stack_run.watch(view, stop)
            producer.stop(PRODUCER_STOP_S)
            producer.check(may_end=True)
            if not stop.requested:
                stack_run.await_all_stored(view, devstack.folder)
        if out is not None:
            out.write(table.all_candles())
        return table.summary()


@app_command(StackSettings, "stack")
def stack(settings: StackSettings) -> None:
    """Run everything on real servers on this machine: Kafka, Spark and Cassandra; the candles are read from Cassandra."""
    configure_logs(level="warning")
    click.echo(run_stack(settings))
    if settings.keep:
        click.echo(f"Kafka and Cassandra go on running; end them with: python -m devstack down --name {settings.name}")


if __name__ == "__main__":
    run(stack, "tapeline stack")
