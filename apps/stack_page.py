"""The live page of `tapeline stack`: read from Cassandra, with the programs and the broker as stages."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.trade_store import CassandraTradeStore
from domain.window import window_start_ms

from .page_sources import TITLES
from .processes import Child
from .scan import Recording
from .settings import StackSettings
from .stack_parts import Servers
from .web.server import PageServer, page_beside
from .web.source import Horizon, PageSource, Stage, StageState

CONNECT_TIMEOUT_S: Final = 0.5


@contextmanager
def stack_page(
    settings: StackSettings,
    servers: Servers,
    *,
    symbols: tuple[str, ...],
    recording: Recording | None,
    programs: Sequence[Child],
) -> Iterator[str]:
    """Serve the page while the block runs: gives its address, or why there is none, or nothing where none is wanted. Raises StoreError."""
    if not settings.page:
        yield ""
        return
    session = CassandraSession(servers.cassandra)
    candles = CassandraCandleStore(servers.cassandra, session)
    trades = CassandraTradeStore(servers.cassandra, session)
    with ExitStack() as stack:
        for store in (candles, trades):
            stack.callback(store.close)
            store.start()
        source = PageSource(
            candles=candles,
            trades=trades,
            symbols=lambda: symbols,
            title=f"{TITLES[settings.feed_kind]}, through Kafka, Spark and Cassandra",
            window_ms=settings.window_ms,
            lateness_ms=settings.allowed_lateness_ms,
            horizon=Horizon() if recording is None else _span_of(recording, settings.window_ms),
            is_recording=recording is not None,
            stages=stack_stages(servers, programs),
            poll_s=settings.web.poll_s,
            stale_after_s=settings.web.stale_after_s,
        )
        yield stack.enter_context(page_beside(PageServer(source, host=settings.web.host, port=settings.web.port)))


def stack_stages(servers: Servers, programs: Sequence[Child]) -> Callable[[], Sequence[Stage]]:
    """Tell whether the programs run and whether the broker can be reached."""
    producer, *others = programs
    return lambda: (_program(producer), _broker(servers.kafka.bootstrap_servers), *map(_program, others))


def _program(program: Child) -> Stage:
    name, code = program.name.capitalize(), program.exit_code()
    if code is None:
        return Stage(name=name, state=StageState.OK, detail="running")
    if code == 0:
        return Stage(name=name, state=StageState.OK, detail="has ended")
    return Stage(name=name, state=StageState.DOWN, detail=f"ended with code {code}")


def _broker(bootstrap_servers: str) -> Stage:
    host, _, port = bootstrap_servers.partition(",")[0].rpartition(":")
    try:
        with socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S):
            return Stage(name="Kafka", state=StageState.OK, detail="reachable")
    except OSError:
        return Stage(name="Kafka", state=StageState.DOWN, detail="not reachable")


def _span_of(recording: Recording, window_ms: int) -> Horizon:
    return Horizon(from_ms=window_start_ms(recording.first_ms, window_ms), to_ms=recording.last_ms + window_ms)
