"""The topics `trades`, `trades.dlq`, `feed.events`, `candles` and `watchlist`: created when they are missing, compared when they exist, never changed silently.

- The profile sets the replicas: dev has one; production has three, and two of them must have a record before it is acknowledged.
- Records stay for 7 days. The broker stamps each record with its own clock when it appends it: the rules on a trade's time depend on that.
- A topic that differs is reported and not changed. Partitions are added on request only: from then on new trades of a symbol may go to another
  partition than its old ones, so the order by symbol holds for the new trades alone.
- `candles` is compacted, and its records are deleted after 7 days as well: the newest version of each candle of the last days stays.
- `watchlist` is compacted: the newest record of each symbol stays. Its partitions are the parts that instances are assigned.
"""

import enum
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

import attrs
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but not in the words of its type hints
    AdminClient,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from ports.errors import BrokerError

from .codes import error_of
from .logs import ClientLog
from .metadata import TopicState, read_topics
from .settings import MAX_DEAD_LETTER_BYTES, KafkaSettings

DEFAULT_PARTITIONS: Final = 4
RETENTION_MS: Final = 7 * 24 * 60 * 60 * 1000
WATCHLIST_PARTITIONS: Final = 12
"""1, 2, 3, 4, 6 or 12 instances get equal shares; of more than 12, some get none."""

T = TypeVar("T")


class Profile(enum.StrEnum):
    """How many failures a topic has to survive."""

    DEV = "dev"
    PRODUCTION = "production"

    @property
    def replicas(self) -> int:
        """Replicas of each partition."""
        return 3 if self is Profile.PRODUCTION else 1

    @property
    def min_in_sync(self) -> int:
        """Replicas that must have a record before it is acknowledged."""
        return 2 if self is Profile.PRODUCTION else 1


class Outcome(enum.StrEnum):
    """What was done with a topic."""

    CREATED = "created"
    EXISTS = "exists"
    DIFFERS = "differs"
    """The topic exists and differs from the configuration; nothing was changed."""
    PARTITIONS_ADDED = "partitions added"


@attrs.frozen(kw_only=True)
class TopicReport:
    """What was done with a topic, and how it differs from the configuration."""

    topic: str
    outcome: Outcome
    differences: tuple[str, ...] = ()


def ensure_topics(
    settings: KafkaSettings, *, profile: Profile, partitions: int = DEFAULT_PARTITIONS, add_partitions: bool = False
) -> list[TopicReport]:
    """Create the topics that are missing, and compare the others; after the return they accept records.

    Raise ValueError for less than 1 partition, BrokerError when the cluster cannot be reached or refuses.
    """
    return _ensure(settings, settings.topics, profile, partitions, add_partitions=add_partitions)


def ensure_candles(
    settings: KafkaSettings, *, profile: Profile, partitions: int = DEFAULT_PARTITIONS, add_partitions: bool = False
) -> TopicReport:
    """Create the topic of candles when it is missing, or compare it. Raise as `ensure_topics` does."""
    [report] = _ensure(settings, (settings.candles_topic,), profile, partitions, add_partitions=add_partitions)
    return report


def _ensure(
    settings: KafkaSettings, topics: Sequence[str], profile: Profile, partitions: int, *, add_partitions: bool
) -> list[TopicReport]:
    if partitions < 1:
        raise ValueError(f"a topic has at least 1 partition, not {partitions}")
    reports = []
    with _administration(settings) as (admin, log):
        known = read_topics(admin, settings, log)
        for topic in topics:
            state = known.get(topic)
            if state is None:
                reports.append(_create(admin, topic, profile, partitions, settings))
            else:
                reports.append(
                    _compare(admin, topic, state, profile, partitions, settings, add_partitions=add_partitions)
                )
        made = {Outcome.CREATED, Outcome.PARTITIONS_ADDED}
        _await_leaders(admin, {one.topic: partitions if one.outcome in made else 1 for one in reports}, settings, log)
    return reports


def ensure_watchlist(settings: KafkaSettings, *, profile: Profile | None = None) -> TopicReport:
    """Create the topic of the watchlist when it is missing, or compare it. Without a profile it gets as many replicas as the topic of trades.

    Raise BrokerError when the cluster cannot be reached or refuses.
    """
    topic = settings.watchlist_topic
    with _administration(settings) as (admin, log):
        known = read_topics(admin, settings, log)
        state = known.get(topic)
        if profile is None:
            if state is not None:
                return TopicReport(topic=topic, outcome=Outcome.EXISTS)
            profile = _profile_of_trades(known, settings)
        if state is None:
            report = _create(admin, topic, profile, WATCHLIST_PARTITIONS, settings)
        else:
            report = _compare(admin, topic, state, profile, WATCHLIST_PARTITIONS, settings, add_partitions=False)
        _await_leaders(admin, {topic: 1}, settings, log)
    return report


def compare_topics(settings: KafkaSettings) -> list[TopicReport]:
    """Compare the topics without changing anything. A missing topic has the difference "does not exist"; any number of partitions is accepted.

    Raise BrokerError when the cluster cannot be reached or refuses.
    """
    reports = []
    with _administration(settings) as (admin, log):
        known = read_topics(admin, settings, log)
        profile = _profile_of_trades(known, settings)
        for topic in (*settings.topics, settings.candles_topic, settings.watchlist_topic):
            state = known.get(topic)
            if state is None:
                reports.append(TopicReport(topic=topic, outcome=Outcome.DIFFERS, differences=("does not exist",)))
            else:
                reports.append(_compare(admin, topic, state, profile, state.partitions, settings, add_partitions=False))
    return reports


def wanted_config(topic: str, profile: Profile, settings: KafkaSettings) -> dict[str, str]:
    """Return the configuration that a topic has in a profile."""
    if topic == settings.watchlist_topic:
        return {
            "cleanup.policy": "compact",
            "min.insync.replicas": str(profile.min_in_sync),
            "unclean.leader.election.enable": "false",
            # A reader that is offline for less than this still finds a removal.
            "delete.retention.ms": str(RETENTION_MS),
        }
    # A dead letter may be a whole frame, or a record of the topic of trades with headers added.
    larger = {"max.message.bytes": str(MAX_DEAD_LETTER_BYTES)} if topic == settings.dead_letters_topic else {}
    return {
        **larger,
        "retention.ms": str(RETENTION_MS),
        "min.insync.replicas": str(profile.min_in_sync),
        "message.timestamp.type": "LogAppendTime",
        # A replica that lags must not become the leader: acknowledged records would be lost.
        "unclean.leader.election.enable": "false",
        "compression.type": "producer",
        "cleanup.policy": "compact,delete" if topic == settings.candles_topic else "delete",
    }


@contextmanager
def _administration(settings: KafkaSettings) -> Iterator[tuple[AdminClient, ClientLog]]:
    """Yield a client and its log. Raise BrokerError for what the client or the cluster refuses."""
    log = ClientLog("admin", settings.bootstrap_servers)
    try:
        yield AdminClient({**settings.client(), **log.options()}), log
    except (KafkaException, ValueError, TypeError) as error:
        raise BrokerError(f"Kafka at {settings.bootstrap_servers} refused: {error}") from error


def _profile_of_trades(known: Mapping[str, TopicState], settings: KafkaSettings) -> Profile:
    """Return the profile that fits the replicas of the topic of trades; dev where there is no such topic."""
    trades = known.get(settings.trades_topic)
    has_enough = trades is not None and trades.replicas >= Profile.PRODUCTION.replicas
    return Profile.PRODUCTION if has_enough else Profile.DEV


def _create(admin: AdminClient, topic: str, profile: Profile, partitions: int, settings: KafkaSettings) -> TopicReport:
    new = NewTopic(
        topic,
        num_partitions=partitions,
        replication_factor=profile.replicas,
        config=wanted_config(topic, profile, settings),
    )
    try:
        _result(admin.create_topics([new])[topic], settings)
    except KafkaException as error:
        problem = error_of(error)
        if problem.code() == KafkaError.INVALID_REPLICATION_FACTOR:
            raise BrokerError(
                f"profile {profile} needs {profile.replicas} replicas of {topic}, more than the cluster has brokers: "
                "add brokers, or use the profile dev"
            ) from error
        if problem.code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        # Another client created it at the same moment.
        return TopicReport(topic=topic, outcome=Outcome.EXISTS)
    return TopicReport(topic=topic, outcome=Outcome.CREATED)


def _compare(
    admin: AdminClient,
    topic: str,
    state: TopicState,
    profile: Profile,
    partitions: int,
    settings: KafkaSettings,
    *,
    add_partitions: bool,
) -> TopicReport:
    differences = []
    added = add_partitions and state.partitions < partitions
    if added:
        _result(admin.create_partitions([NewPartitions(topic, partitions)])[topic], settings)
    elif state.partitions != partitions:
        differences.append(f"partitions is {state.partitions}, not {partitions}")
    if state.replicas != profile.replicas:
        differences.append(f"replicas is {state.replicas}, not {profile.replicas}")
    resource = ConfigResource(ResourceType.TOPIC, topic)
    actual = _result(admin.describe_configs([resource])[resource], settings)
    for name, value in wanted_config(topic, profile, settings).items():
        if actual[name].value != value:
            differences.append(f"{name} is {actual[name].value}, not {value}")
    if added:
        return TopicReport(topic=topic, outcome=Outcome.PARTITIONS_ADDED, differences=tuple(differences))
    outcome = Outcome.DIFFERS if differences else Outcome.EXISTS
    return TopicReport(topic=topic, outcome=outcome, differences=tuple(differences))


def _result(future: Future[T], settings: KafkaSettings) -> T:
    """Wait for the cluster's answer. Raise KafkaException for a refusal, BrokerError when no answer comes in time."""
    try:
        return future.result(timeout=settings.connect_timeout_s)
    except TimeoutError as error:
        raise BrokerError(
            f"Kafka at {settings.bootstrap_servers} did not answer within {settings.connect_timeout_s:g} s: try again"
        ) from error


def _await_leaders(admin: AdminClient, topics: Mapping[str, int], settings: KafkaSettings, log: ClientLog) -> None:
    """Wait until each topic has this many partitions or more, all with a leader: brokers learn of a change a moment later."""
    deadline = time.monotonic() + settings.connect_timeout_s
    while True:
        known = read_topics(admin, settings, log)
        if all(
            topic in known and known[topic].partitions >= count and known[topic].has_leaders
            for topic, count in topics.items()
        ):
            return
        if time.monotonic() > deadline:
            raise BrokerError(f"the topics {', '.join(topics)} have partitions without a leader: are all brokers up?")
        time.sleep(0.05)
