"""The containers of the programs that keep running."""

from adapters.cassandra.settings import CassandraSettings
from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.kafka.settings import KafkaSettings
from adapters.memory.broker import DEFAULT_CAPACITY, DEFAULT_PARTITIONS, MemoryBroker
from adapters.memory.event_store import MemoryEventStore
from adapters.memory.publisher import MemoryPublisher
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from adapters.memory.subscriber import MemorySubscriber
from adapters.simulator.settings import SimulatorSettings
from adapters.system_clock import system_clock
from apps.observability.health import live_health, producer_health
from apps.runtime.lifecycle import Late
from apps.services.embedded_pipeline import EmbeddedPipeline
from apps.services.in_process_aggregator import InProcessAggregator
from apps.services.ingest import Ingest
from apps.services.symbol_assignment import FixedAssignment, WatchlistAssignment
from apps.settings.dashboard import DashboardSettings
from apps.settings.producer import new_run_id
from apps.settings.profiled import cassandra_settings, kafka_settings
from apps.settings.stack import StackSettings
from apps.web.source_factories import live_source, stored_source
from apps.web.symbol_tracking import SymbolTrackingCandleStore
from domain.eligibility import eligibility_rules
from domain.intake import Intake
from domain.journal import Journal
from domain.windower import Windower
from ports.candle_store import CandleStore
from ports.clock import Clock
from ports.event_store import EventStore
from ports.feed import Feed
from ports.intake import FrameIntake
from ports.probe import Probe
from ports.publisher import Publisher
from ports.subscriber import Subscriber
from ports.trade_store import TradeStore
from ports.watchlist import Watchlist

from .providers import Callable, Container, DeclarativeContainer, Dependency, Object, Provider, Selector, Singleton
from .shared import CassandraContainer, FeedContainer, page_server


class LiveContainer(FeedContainer):
    """`tapeline live`: everything but the feed is in memory. Each port is measured."""

    settings = FeedContainer.settings
    broker = Singleton(MemoryBroker, now_ms=FeedContainer.clock, capacity_bytes=settings.provided.keep_bytes)
    publisher: Provider[Publisher] = Singleton(
        Late("adapters.prometheus.publisher:MeasuredPublisher"),
        Singleton(MemoryPublisher, broker),
        FeedContainer.registry,
    )
    subscriber: Provider[Subscriber] = Singleton(MemorySubscriber, broker, "live", ("trades", "feed.events"))
    store_metrics = Singleton(Late("adapters.prometheus.stores:StoreMetrics"), FeedContainer.registry)
    kept_trades = Singleton(MemoryTradeStore, capacity=settings.provided.keep_trades)
    # The page lists the symbols of the candles: those of a recording are not known beforehand.
    kept_candles = Singleton(
        SymbolTrackingCandleStore, Singleton(MemoryCandleStore, capacity=settings.provided.keep_candles)
    )
    trade_store: Provider[TradeStore] = Singleton(
        Late("adapters.prometheus.stores:MeasuredTradeStore"), kept_trades, store_metrics
    )
    candle_store: Provider[CandleStore] = Singleton(
        Late("adapters.prometheus.stores:MeasuredCandleStore"), kept_candles, store_metrics
    )
    event_store: Provider[EventStore] = Singleton(MemoryEventStore, capacity=settings.provided.keep_events)
    health = Singleton(live_health, FeedContainer.feed)

    ingest = Singleton(
        Ingest,
        feed=FeedContainer.feed,
        intake=FeedContainer.intake,
        publisher=publisher,
        now_ms=FeedContainer.clock,
        journal=Singleton(Journal, instance="live", run="live"),
    )
    aggregator = Singleton(
        InProcessAggregator,
        subscriber=subscriber,
        publisher=publisher,
        windower=Singleton(
            Windower,
            window_ms=settings.provided.window_ms,
            allowed_lateness_ms=settings.provided.allowed_lateness_ms,
            eligibility_of=Singleton(eligibility_rules, NYSE.session),
        ),
        trade_store=trade_store,
        candle_store=candle_store,
        event_store=event_store,
        rules=settings.provided.rules.adapter.call(),
        # All that both topics can hold: no partition is left behind the watermark of another.
        batch_records=2 * DEFAULT_PARTITIONS * DEFAULT_CAPACITY,
    )
    pipeline = Singleton(EmbeddedPipeline, ingest, aggregator)

    # The page reads past the measured stores: its reads are not the pipeline's.
    page = Singleton(
        page_server,
        Singleton(
            live_source,
            settings,
            candles=kept_candles,
            trades=kept_trades,
            events=event_store,
            ingest=ingest,
            aggregator=aggregator,
            calendar_of=Object(calendar_of_symbol),
        ),
        settings.provided.web,
    )


class DashboardContainer(DeclarativeContainer):
    """`tapeline dashboard`: reads Cassandra, and serves the page."""

    settings = Dependency(instance_of=DashboardSettings)
    stores = Container(CassandraContainer, settings=Singleton(cassandra_settings, settings))
    page = Singleton(
        page_server,
        Singleton(
            stored_source,
            settings,
            candles=stores.candle_store,
            trades=stores.trade_store,
            events=stores.event_store,
            daily_candles=stores.daily_candle_store,
            reports=stores.report_store,
            calendar_of=Object(calendar_of_symbol),
        ),
        settings.provided.web,
    )


class ProducerContainer(FeedContainer):
    """`tapeline producer`: a feed into Kafka. Each port is measured."""

    settings = FeedContainer.settings
    kafka = Singleton(kafka_settings, settings)
    kafka_client = Singleton(Late("adapters.prometheus.kafka_client:KafkaClientMetrics"), FeedContainer.registry)
    watchlist: Provider[Watchlist] = Singleton(
        Late("adapters.prometheus.watchlist:MeasuredWatchlist"),
        Singleton(
            Late("adapters.kafka.watchlist:KafkaWatchlist"),
            kafka,
            cap=settings.provided.finnhub.max_symbols,
            key=settings.provided.key_name.call(kafka.provided.watchlist_group),
        ),
        FeedContainer.registry,
    )
    assignment = Selector(
        settings.provided.symbols_from,
        settings=Singleton(FixedAssignment, FeedContainer.feed, settings.provided.symbols_to_receive),
        watchlist=Singleton(WatchlistAssignment, FeedContainer.feed, watchlist),
    )
    publisher: Provider[Publisher] = Singleton(
        Late("adapters.prometheus.publisher:MeasuredPublisher"),
        Singleton(Late("adapters.kafka.publisher:KafkaPublisher"), kafka, kafka_client, assignment.provided.keep),
        FeedContainer.registry,
        buffer_records=kafka.provided.buffer_messages,
    )
    health = Singleton(producer_health, FeedContainer.feed, publisher, kafka_client)
    ingest = Singleton(
        Ingest,
        feed=FeedContainer.feed,
        intake=FeedContainer.intake,
        publisher=publisher,
        now_ms=FeedContainer.clock,
        journal=Singleton(
            Journal,
            instance=settings.provided.instance_name,
            run=Callable(new_run_id),
            alive_every_ms=settings.provided.alive_every_ms,
        ),
    )


class SimulatorContainer(DeclarativeContainer):
    """`tapeline simulator`: the simulated Finnhub."""

    settings = Dependency(instance_of=SimulatorSettings)
    server = Singleton(Late("adapters.simulator.server:SimulatedFinnhub"), settings)


class StackContainer(DeclarativeContainer):
    """`tapeline stack`: what reads the servers that it started. Its programs have containers of their own."""

    settings = Dependency(instance_of=StackSettings)
    kafka = Dependency(instance_of=KafkaSettings)
    cassandra = Dependency(instance_of=CassandraSettings)
    clock: Provider[Clock] = Object(system_clock)

    recording: Provider[Feed] = Singleton(Late("adapters.finnhub.replay:ReplayFeed"), settings.provided.replay)
    intake: Provider[FrameIntake] = Singleton(Intake, source="replay", rules=settings.provided.rules.adapter.call())
    stores = Container(CassandraContainer, settings=cassandra)
    kafka_probe: Provider[Probe] = Singleton(Late("adapters.kafka.probe:KafkaProbe"), kafka)
    end_offsets = Callable(Late("adapters.kafka.offsets:end_offsets"), kafka)
    calendar_of = Object(calendar_of_symbol)
    page = Callable(page_server, web=settings.provided.web)
