"""The parts that the containers of several programs share: a feed, the stores in Cassandra, the server of the page."""

from typing import Any

from prometheus_client import CollectorRegistry

from adapters.cassandra.settings import CassandraSettings
from adapters.exchange_calendar.markets import calendar_of_symbol, is_any_open
from adapters.system_clock import system_clock
from apps.runtime.lifecycle import Late
from apps.runtime.version import program_version
from apps.services.period_candles import PeriodCandles
from apps.services.rollup_reader import RollupCandleStore
from apps.settings.source import SourceOptions
from apps.settings.web_options import WebOptions
from apps.web.limits import Limits
from apps.web.page_source import PageSource
from apps.web.server import PageServer
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

from .providers import Callable, DeclarativeContainer, Dependency, Object, Provider, Selector, Singleton


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
