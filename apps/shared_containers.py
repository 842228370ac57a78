"""The parts that the containers of several programs share: a feed, the stores in Cassandra, the server of the page.

dependency_injector loads FastAPI where it is installed, to find request handlers. There are none here, and the load takes a third of a second of every
start. So this module makes these imports fail while it loads dependency_injector, by a None in sys.modules
(https://docs.python.org/3/reference/import.html#the-module-cache), and `apps/containers.py` takes the providers from here.
"""

import sys
from typing import Any

from prometheus_client import CollectorRegistry

from adapters.cassandra.settings import CassandraSettings
from adapters.exchange_calendar.markets import calendar_of_symbol, is_any_open
from adapters.system_clock import system_clock
from domain.intake import Intake
from ports.candle_history import CandleHistory
from ports.candle_store import CandleStore
from ports.clock import Clock
from ports.daily_candle_store import DailyCandleStore
from ports.event_store import EventStore
from ports.feed import Feed
from ports.intake import FrameIntake
from ports.probe import Probe
from ports.report_store import ReportStore
from ports.trade_store import TradeStore

from .runtime.lifecycle import Late
from .runtime.version import program_version
from .services.period_candles import PeriodCandles
from .services.rollup_reader import RollupCandleStore
from .settings.source import SourceOptions
from .settings.web_options import WebOptions
from .web.limits import Limits
from .web.page_source import PageSource
from .web.server import PageServer

_absent = {name: None for name in ("fastapi", "starlette") if name not in sys.modules}
sys.modules.update(_absent)  # type: ignore[arg-type]
from dependency_injector.containers import DeclarativeContainer  # noqa: E402
from dependency_injector.providers import Callable, Container, Dependency, Object, Provider, Selector, Singleton  # noqa: E402

for _name in _absent:
    del sys.modules[_name]

__all__ = [
    "Callable", "CassandraContainer", "Container", "DeclarativeContainer", "Dependency", "FeedContainer", "Object", "Provider", "Selector", "Singleton",
    "page_server",
]  # fmt: skip


def page_server(source: PageSource, web: WebOptions) -> PageServer:
    """Return the server of the live page, not started."""
    return PageServer(
        source,
        host=web.host,
        port=web.port,
        allowed_hosts=web.allowed_hosts,
        security=web.security(),
        limits=Limits(max_requests=web.max_requests, timeout_s=web.request_timeout_s),
    )


def _period_candles(symbol: str, **parts: Any) -> PeriodCandles:
    return PeriodCandles(symbol=symbol, calendar=calendar_of_symbol(symbol), **parts)


class FeedContainer(DeclarativeContainer):
    """A measured feed: Finnhub itself, a simulated Finnhub behind the same adapter, or a recording."""

    settings = Dependency(instance_of=SourceOptions)
    clock: Provider[Clock] = Object(system_clock)
    registry: Provider[CollectorRegistry] = Singleton(
        Late("adapters.prometheus.registry:new_registry"), Callable(program_version)
    )
    unmeasured_feed: Provider[Feed] = Selector(
        settings.provided.feed_kind,
        finnhub=Singleton(
            Late("adapters.finnhub.websocket_feed:FinnhubFeed"), settings.provided.finnhub.adapter.call()
        ),
        simulated=Singleton(
            Late("apps.runtime.simulated_feed:SimulatedFeed"), settings.provided.simulator.adapter.call()
        ),
        replay=Singleton(
            Late("adapters.finnhub.replay:ReplayFeed"),
            settings.provided.replay,
            speed=settings.provided.times_real_time,
        ),
    )
    feed: Provider[Feed] = Singleton(
        Late("adapters.prometheus.feed:MeasuredFeed"), unmeasured_feed, registry, is_market_open=Object(is_any_open)
    )
    intake: Provider[FrameIntake] = Singleton(
        Late("adapters.prometheus.intake:MeasuredIntake"),
        Singleton(Intake, source=settings.provided.feed_kind, rules=settings.provided.rules.adapter.call()),
        registry,
    )


class CassandraContainer(DeclarativeContainer):
    """`tapeline query`, and part of others: the stores in Cassandra over one session, and a probe with its own connection."""

    clock: Provider[Clock] = Object(system_clock)
    settings = Dependency(instance_of=CassandraSettings)

    session = Singleton(Late("adapters.cassandra.session:CassandraSession"), settings)
    trade_store: Provider[TradeStore] = Singleton(
        Late("adapters.cassandra.trade_store:CassandraTradeStore"), settings, session
    )
    candle_store: Provider[CandleHistory] = Singleton(
        Late("adapters.cassandra.candle_store:CassandraCandleStore"), settings, session
    )
    event_store: Provider[EventStore] = Singleton(
        Late("adapters.cassandra.event_store:CassandraEventStore"), settings, session
    )
    report_store: Provider[ReportStore] = Singleton(
        Late("adapters.cassandra.report_store:CassandraReportStore"), settings, session
    )
    daily_candle_store: Provider[DailyCandleStore] = Singleton(
        Late("adapters.cassandra.daily_candle_store:CassandraDailyCandleStore"), settings, session
    )
    rollup_store: Provider[CandleStore] = Singleton(RollupCandleStore, candle_store)
    period_candles = Callable(_period_candles, candles=rollup_store, daily=daily_candle_store, events=event_store)
    probe: Provider[Probe] = Singleton(Late("adapters.cassandra.probe:CassandraProbe"), settings)
