"""One run of `tapeline stack`: start the servers and the programs, show the table until it ends, and stop everything.

A run starts empty: it removes what an earlier run of the same name kept, or left behind after a kill -9.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import click

from adapters.kafka.topics import DEFAULT_PARTITIONS
from adapters.spark.committed_offsets import caught_up
from apps.containers.long_running import StackContainer
from apps.output.candle_files import CandleFile
from apps.output.terminal import make_view
from apps.runtime.lifecycle import started
from apps.runtime.signals import stop_on_signals
from apps.services.recording_summary import summarize_recording
from apps.settings.stack import StackSettings
from apps.web.server import served_page
from devstack.stack import Stack
from devstack.stack.ports import Claims

from .alerts import program_ports, stack_alerts, wants_alerts
from .display import StackDisplay
from .owner import end_orphans, own, refuse_if_owned
from .page import stack_source
from .parts import CHECKPOINT, Servers, aggregator_child, prepare, producer_child
from .table import StoredTable
from .watch import Program, stack_watch

PRODUCER_STOP_S: Final = 40.0
REPLAY_PARTITIONS: Final = 1
"""A recording keeps its order in one partition. At full speed, what several partitions receive in the same moment is minutes apart by the time of the
recording, and the trades of the slower one would be late."""


def run_stack(settings: StackSettings) -> str:
    """Run everything and return the summary. Raise TapelineError or DevstackError; even then, nothing is left running."""
    with_alerts = wants_alerts(settings, click.echo)
    devstack = Stack(name=settings.name, secure=settings.secure, report=click.echo)
    recording = None
    if settings.replay is not None:
        scan = StackContainer(settings=settings)
        recording = summarize_recording(scan.recording(), scan.intake(), settings.symbols)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        out = stack.enter_context(CandleFile(settings.candles_out))
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
        prepare(devstack, partitions=DEFAULT_PARTITIONS if recording is None else REPLAY_PARTITIONS)
        container = StackContainer(settings=settings, kafka=servers.kafka, cassandra=servers.cassandra)
        stores = container.stores
        of_days = (stores.daily_candle_store(), stores.report_store())
        for store in (stores.candle_store(), stores.trade_store(), stores.event_store(), *of_days):
            stack.enter_context(started(store))
        symbols = settings.symbols_to_receive if recording is None else recording.symbols
        table = StoredTable(
            stores.candle_store(),
            stores.trade_store(),
            symbols=symbols,
            window_ms=settings.window_ms,
            lateness_ms=settings.allowed_lateness_ms,
            recording=recording,
            now_ms=container.clock(),
        )
        alerts = stack.enter_context(stack_alerts(settings, devstack, watched=with_alerts))
        ports = stack.enter_context(program_ports(watched=with_alerts))
        folder = devstack.folder
        click.echo(f"starting Spark and the producer; their logs are in {folder}")
        aggregator = stack.enter_context(
            aggregator_child(
                settings,
                Servers.of(devstack, user="aggregator", role="aggregator"),
                folder,
                ports.aggregator,
                spark_port=ports.spark,
            )
        )
        producer = stack.enter_context(
            producer_child(settings, Servers.of(devstack, user="producer"), folder, ports.producer)
        )
        own(folder, children=(producer.pid, aggregator.pid))
        watch = stack.enter_context(
            stack_watch(
                kafka=container.kafka_probe(),
                cassandra=container.stores.probe(),
                producer=Program(producer, ports.producer, servers.endpoints()),
                aggregator=Program(aggregator, ports.aggregator, servers.endpoints()),
                spark_port=ports.spark,
                watchers={} if alerts is None else alerts.watchers,
            )
        )
        source = stack_source(settings, container, symbols=symbols, recording=recording, watch=watch, alerts=alerts)
        page = stack.enter_context(served_page(container.page(source), wanted=settings.page))
        if page:
            click.echo(f"the page: {page}")
        if alerts is not None:
            alerts.watch(ports, page if page.startswith("http") else "")
            click.echo("   ".join(f"{name}: {url}" for name, url in alerts.links.items()))
        display = StackDisplay(
            table, producer=producer, aggregator=aggregator, watch=watch, alerts=alerts, refresh_s=settings.refresh_s
        )
        with make_view() as view:
            display.show_until_producer_ends(view, lambda: stop.requested, settings.duration_s)
            producer.stop(PRODUCER_STOP_S)
            producer.check(may_end=True)
            if not stop.requested:
                display.show_until_stored(view, _is_all_stored(container, servers, devstack))
        out.write(table.all_candles() if settings.candles_out is not None else [])
        return table.summary()


def _is_all_stored(container: StackContainer, servers: Servers, devstack: Stack) -> Callable[[], bool]:
    """Return a question: has Spark stored every record that is on the topic now? Raise BrokerError."""
    ends = container.end_offsets(servers.kafka.trades_topic)
    return lambda: caught_up(devstack.folder / CHECKPOINT, servers.kafka.trades_topic, ends)
