"""Which adapter stands behind which port, for each app. Nothing else knows that there are containers.

A container is made from its app's settings; a test overrides a provider to put another adapter in its place.
"""

import re
import socket
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.exchange_calendar.markets import NYSE
from adapters.finnhub.key_name import name_of_key
from adapters.finnhub.replay import ReplayFeed
from adapters.finnhub.settings import FinnhubSettings
from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.watchlist import KafkaWatchlist
from adapters.memory.broker import MemoryBroker
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.publisher import MemoryPublisher
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from adapters.memory.subscriber import MemorySubscriber
from adapters.prometheus.feed import MeasuredFeed
from adapters.prometheus.intake import MeasuredIntake
from adapters.prometheus.kafka_client import KafkaClientMetrics
from adapters.prometheus.publisher import MeasuredPublisher
from adapters.prometheus.registry import new_registry
from adapters.prometheus.stores import MeasuredCandleStore, MeasuredTradeStore, StoreMetrics
from adapters.prometheus.watchlist import MeasuredWatchlist
from adapters.simulator.server import SimulatedFinnhub
from adapters.system_clock import system_clock
from domain.eligibility import eligibility_rules
from domain.intake import Intake
from domain.journal import Journal
from domain.windower import Windower

from .observability.health import live_health, producer_health
from .observability.metrics_endpoint import program_version
from .runtime.simulated_feed import SimulatedFeed
from .services.in_process_aggregator import InProcessAggregator
from .services.ingest import Ingest
from .services.symbol_assignment import FixedAssignment, WatchlistAssignment
from .settings.dashboard import DashboardSettings
from .settings.live import LiveSettings
from .settings.producer import ProducerSettings
from .settings.source import SourceOptions
from .web.server import PageServer
from .web.source_factories import live_source, stored_source
from .web.symbol_tracking import SymbolTrackingCandleStore

# dependency_injector loads FastAPI where it is installed, to find request handlers. There are none here, and the load takes a third of a second of
# every start. A None in sys.modules makes an import fail: https://docs.python.org/3/reference/import.html#the-module-cache
_absent = {name: None for name in ("fastapi", "starlette") if name not in sys.modules}
sys.modules.update(_absent)  # type: ignore[arg-type]
from dependency_injector import containers, providers  # noqa: E402

for _name in _absent:
    del sys.modules[_name]

if TYPE_CHECKING:
    from adapters.cassandra.candle_store import CassandraCandleStore
    from adapters.cassandra.event_store import CassandraEventStore
    from adapters.cassandra.session import CassandraSession
    from adapters.cassandra.trade_store import CassandraTradeStore

KEPT_TRADES = 100_000
"""Raw trades of a symbol that the embedded default keeps in memory; candles are all kept."""


def _replay_path(settings: SourceOptions) -> Path:
    # The settings were checked before: a replay has a file.
    assert settings.replay is not None  # noqa: S101
    return settings.replay


def _simulated_connection(url: str) -> FinnhubFeed:
    return FinnhubFeed(FinnhubSettings(url=url, token="simulated"))  # noqa: S106 - a simulator takes any


def _journal(settings: ProducerSettings) -> Journal:
    # A host's name may have any characters; a journal's may not.
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()).lstrip("-.")[:64]
    return Journal(
        instance=settings.instance or host or "producer",
        run=uuid.uuid4().hex[:8],
        alive_every_ms=round(settings.alive_every_s * 1000),
    )


# Loaded late: `tapeline live` starts quicker without Cassandra's driver.
def _cassandra_session(settings: DashboardSettings) -> "CassandraSession":
    from adapters.cassandra.session import CassandraSession  # noqa: PLC0415

    return CassandraSession(settings.cassandra.adapter())


def _cassandra_trades(settings: DashboardSettings, session: "CassandraSession") -> "CassandraTradeStore":
    from adapters.cassandra.trade_store import CassandraTradeStore  # noqa: PLC0415

    return CassandraTradeStore(settings.cassandra.adapter(), session)


def _cassandra_candles(settings: DashboardSettings, session: "CassandraSession") -> "CassandraCandleStore":
    from adapters.cassandra.candle_store import CassandraCandleStore  # noqa: PLC0415

    return CassandraCandleStore(settings.cassandra.adapter(), session)


def _watchlist(settings: ProducerSettings, kafka: KafkaSettings) -> KafkaWatchlist:
    # A simulated feed has no key that a second connection could harm.
    token = str(settings.finnhub.token) if settings.feed_kind == "finnhub" else ""
    key = name_of_key(token, kafka.watchlist_group) if token else None
    return KafkaWatchlist(kafka, cap=settings.finnhub.max_symbols, key=key)


def _cassandra_events(settings: DashboardSettings, session: "CassandraSession") -> "CassandraEventStore":
    from adapters.cassandra.event_store import CassandraEventStore  # noqa: PLC0415

    return CassandraEventStore(settings.cassandra.adapter(), session)


class FeedContainer(containers.DeclarativeContainer):
    """Port Feed: Finnhub itself, a simulated one behind the same adapter, or a recording."""

    settings = providers.Dependency(instance_of=SourceOptions)
    feed_kind = settings.provided.feed_kind

    feed = providers.Selector(
        feed_kind,
        finnhub=providers.Singleton(FinnhubFeed, settings.provided.finnhub.adapter.call()),
        simulated=providers.Singleton(
            SimulatedFeed,
            providers.Singleton(SimulatedFinnhub, settings.provided.simulator.adapter.call()),
            providers.Object(_simulated_connection),
        ),
        replay=providers.Singleton(
            ReplayFeed, providers.Callable(_replay_path, settings), speed=settings.provided.times_real_time
        ),
    )
    intake = providers.Singleton(Intake, source=feed_kind, rules=settings.provided.rules.adapter.call())


class LiveContainer(containers.DeclarativeContainer):
    """`tapeline live`: everything but the feed is in memory. Each port is measured."""

    settings = providers.Dependency(instance_of=LiveSettings)
    clock = providers.Object(system_clock)
    feeds = providers.Container(FeedContainer, settings=settings)
    registry = providers.Singleton(new_registry, providers.Callable(program_version))

    broker = providers.Singleton(MemoryBroker, now_ms=clock)
    feed = providers.Singleton(MeasuredFeed, feeds.feed, registry)
    publisher = providers.Singleton(MeasuredPublisher, providers.Singleton(MemoryPublisher, broker), registry)
    subscriber = providers.Singleton(MemorySubscriber, broker, "live", ("trades", "feed.events"))
    store_metrics = providers.Singleton(StoreMetrics, registry)
    kept_trades = providers.Singleton(MemoryTradeStore, capacity=KEPT_TRADES)
    # It notices symbols, for the page: a recording does not tell before which ones it has.
    kept_candles = providers.Singleton(SymbolTrackingCandleStore, providers.Singleton(MemoryCandleStore))
    trade_store = providers.Singleton(MeasuredTradeStore, kept_trades, store_metrics)
    candle_store = providers.Singleton(MeasuredCandleStore, kept_candles, store_metrics)
    event_store = providers.Singleton(MemoryEventStore)
    health = providers.Singleton(live_health, feed)

    ingest = providers.Singleton(
        Ingest,
        feed=feed,
        intake=providers.Singleton(MeasuredIntake, feeds.intake, registry),
        publisher=publisher,
        now_ms=clock,
        journal=providers.Singleton(Journal, instance="live", run="live"),
    )
    aggregator = providers.Singleton(
        InProcessAggregator,
        subscriber=subscriber,
        publisher=publisher,
        windower=providers.Singleton(
            Windower,
            window_ms=settings.provided.window_ms,
            allowed_lateness_ms=settings.provided.allowed_lateness_ms,
            eligibility_of=providers.Singleton(eligibility_rules, NYSE.session),
        ),
        trade_store=trade_store,
        candle_store=candle_store,
        event_store=event_store,
        rules=settings.provided.rules.adapter.call(),
    )

    # The page's own reads are none of the pipeline's, so it reads behind the measured stores.
    page = providers.Singleton(
        PageServer,
        providers.Singleton(
            live_source,
            settings,
            candles=kept_candles,
            trades=kept_trades,
            events=event_store,
            ingest=ingest,
            aggregator=aggregator,
        ),
        host=settings.provided.web.host,
        port=settings.provided.web.port,
        allowed_hosts=settings.provided.web.allowed_hosts,
    )


class DashboardContainer(containers.DeclarativeContainer):
    """`tapeline dashboard`: reads Cassandra, and serves the page."""

    settings = providers.Dependency(instance_of=DashboardSettings)

    session = providers.Singleton(_cassandra_session, settings)
    trade_store = providers.Singleton(_cassandra_trades, settings, session)
    candle_store = providers.Singleton(_cassandra_candles, settings, session)
    event_store = providers.Singleton(_cassandra_events, settings, session)
    page = providers.Singleton(
        PageServer,
        providers.Singleton(stored_source, settings, candles=candle_store, trades=trade_store, events=event_store),
        host=settings.provided.web.host,
        port=settings.provided.web.port,
        allowed_hosts=settings.provided.web.allowed_hosts,
    )


class ProducerContainer(containers.DeclarativeContainer):
    """`tapeline producer`: a feed into Kafka. Each port is measured."""

    settings = providers.Dependency(instance_of=ProducerSettings)
    clock = providers.Object(system_clock)
    feeds = providers.Container(FeedContainer, settings=settings)
    registry = providers.Singleton(new_registry, providers.Callable(program_version))

    feed = providers.Singleton(MeasuredFeed, feeds.feed, registry)
    kafka = providers.Singleton(lambda options: options.adapter(), settings.provided.kafka)
    kafka_client = providers.Singleton(KafkaClientMetrics, registry)
    assignment = providers.Selector(
        settings.provided.symbols_from,
        settings=providers.Singleton(FixedAssignment, feed, settings.provided.symbols_to_receive),
        watchlist=providers.Singleton(
            WatchlistAssignment,
            feed,
            providers.Singleton(MeasuredWatchlist, providers.Singleton(_watchlist, settings, kafka), registry),
        ),
    )
    publisher = providers.Singleton(
        MeasuredPublisher,
        providers.Singleton(KafkaPublisher, kafka, kafka_client, assignment.provided.keep),
        registry,
        buffer_records=kafka.provided.buffer_messages,
    )
    health = providers.Singleton(producer_health, feed, publisher, kafka_client)
    ingest = providers.Singleton(
        Ingest,
        feed=feed,
        intake=providers.Singleton(MeasuredIntake, feeds.intake, registry),
        publisher=publisher,
        now_ms=clock,
        journal=providers.Singleton(_journal, settings),
    )
