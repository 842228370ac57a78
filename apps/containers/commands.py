"""The containers of the commands that read or prepare the servers and then end."""

from adapters.cassandra.settings import CassandraSettings
from adapters.exchange_calendar.markets import NYSE, calendar_of_symbol
from adapters.kafka.settings import KafkaSettings
from adapters.system_clock import system_clock
from apps.runtime.lifecycle import Late
from apps.services.day_report_service import DayReportService
from apps.services.dead_letter_replay import DeadLetterReplay
from apps.services.stored_day_summaries import StoredDaySummaries
from apps.settings.dlq import DlqSettings
from apps.settings.profiled import cassandra_settings, kafka_settings
from apps.settings.report import ReportSettings
from apps.settings.watchlist import WatchlistSettings
from domain.eligibility import eligibility_rules
from ports.clock import Clock
from ports.day_summaries import DaySummaries
from ports.diagnosis import Diagnosis
from ports.publisher import Publisher
from ports.revision_reader import RevisionReader
from ports.symbol_index import SymbolIndex
from ports.topic_reader import TopicReader
from ports.watchlist_editor import WatchlistEditor

from .providers import Callable, Container, DeclarativeContainer, Dependency, Object, Provider, Selector, Singleton
from .shared import CassandraContainer


class WatchlistContainer(DeclarativeContainer):
    """`tapeline watchlist`: the list, and the producers that share it."""

    settings = Dependency(instance_of=WatchlistSettings)
    kafka = Singleton(kafka_settings, settings)
    editor: Provider[WatchlistEditor] = Singleton(Late("adapters.kafka.watchlist_editor:KafkaWatchlistEditor"), kafka)
    instances = Callable(Late("adapters.kafka.instances:describe_instances"), kafka)


class DlqContainer(DeclarativeContainer):
    """`tapeline dlq`: what reads the dead letters, and what publishes their trades."""

    settings = Dependency(instance_of=DlqSettings)
    clock: Provider[Clock] = Object(system_clock)
    kafka = Singleton(kafka_settings, settings)
    reader: Provider[TopicReader] = Singleton(Late("adapters.kafka.topic_reader:KafkaTopicReader"), kafka)
    publisher: Provider[Publisher] = Singleton(Late("adapters.kafka.publisher:KafkaPublisher"), kafka)
    replay = Singleton(
        DeadLetterReplay,
        reader=reader,
        publisher=publisher,
        decode_frame=Object(Late("adapters.finnhub.protocol:parse_message")),
        topic=kafka.provided.dead_letters_topic,
        rules=settings.provided.rules.adapter.call(),
        max_attempts=settings.provided.max_attempts,
        flush_timeout_s=settings.provided.flush_timeout_s,
    )


class ReportContainer(DeclarativeContainer):
    """`tapeline report`: what reads the stores and the dead letters, and the stores of its results."""

    settings = Dependency(instance_of=ReportSettings)
    clock: Provider[Clock] = Object(system_clock)
    cassandra = Singleton(cassandra_settings, settings)
    stores = Container(CassandraContainer, settings=cassandra)
    kafka = Singleton(kafka_settings, settings)
    dead_letters: Provider[TopicReader] = Singleton(Late("adapters.kafka.topic_reader:KafkaTopicReader"), kafka)
    symbol_index: Provider[SymbolIndex] = Singleton(
        Late("adapters.cassandra.symbol_index:CassandraSymbolIndex"), cassandra, stores.session
    )
    revisions: Provider[RevisionReader] = Singleton(
        Late("adapters.cassandra.revision_store:CassandraRevisionStore"), cassandra, stores.session
    )
    summaries: Provider[DaySummaries] = Selector(
        settings.provided.engine,
        python=Singleton(
            StoredDaySummaries,
            trades=stores.trade_store,
            candles=stores.candle_store,
            eligibility_of=Singleton(eligibility_rules, NYSE.session),
        ),
        spark=Singleton(
            Late("adapters.spark.day_summaries:SparkDaySummaries"),
            settings.provided.spark.call(),
            Object(Late("apps.runtime.spark_session:connected_session")),
        ),
    )
    service = Singleton(
        DayReportService,
        summaries=summaries,
        events=stores.event_store,
        revisions=revisions,
        calendar_of=Object(calendar_of_symbol),
    )


class AdminContainer(DeclarativeContainer):
    """`tapeline admin`: what creates topics and tables."""

    kafka = Dependency(instance_of=KafkaSettings)
    cassandra = Dependency(instance_of=CassandraSettings)
    ensure_topics = Callable(Late("adapters.kafka.topics:ensure_topics"), kafka)
    ensure_candles = Callable(Late("adapters.kafka.topics:ensure_candles"), kafka)
    ensure_watchlist = Callable(Late("adapters.kafka.topics:ensure_watchlist"), kafka)
    apply_schema = Callable(Late("adapters.cassandra.schema:apply_schema"), cassandra)
    ensure_acls = Callable(Late("adapters.kafka.acls:ensure_acls"), kafka)
    ensure_roles = Callable(Late("adapters.cassandra.roles:ensure_roles"), cassandra)


class DoctorContainer(DeclarativeContainer):
    """`tapeline doctor`: what examines Kafka and Cassandra."""

    kafka = Dependency(instance_of=KafkaSettings)
    cassandra = Dependency(instance_of=CassandraSettings)
    kafka_diagnosis: Provider[Diagnosis] = Singleton(Late("adapters.kafka.diagnosis:KafkaDiagnosis"), kafka)
    cassandra_diagnosis: Provider[Diagnosis] = Singleton(
        Late("adapters.cassandra.diagnosis:CassandraDiagnosis"), cassandra
    )
