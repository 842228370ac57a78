"""An instance's share of the watchlist: who has which part is settled by Kafka's own group protocol over the list's topic.

- Members are given partitions, and a partition's symbols are theirs. The records are read apart from that (`WatchlistReader`), so a partition
  that moves brings its symbols at once, and every member sees the whole list.
- `cooperative-sticky`: who comes or goes moves only what has to move, and what moves is let go of before another is given it.
- With a key, membership is static: the key's name is the group's `group.instance.id`. Of two members with one name Kafka keeps the later and ends
  the earlier with a fatal error, here `KeyInUseError`. So that the earlier has closed its connection by then, a share is told only after
  `SETTLE_S`. A process that dies and is back within the session gets its partitions as they were. One that finds its name on another machine does
  not join: that one may live. It waits for the end of a dead one's session, and then gives up.
- Static members that close do not leave, by Kafka's rules, until the session is over. One that ends on purpose unsubscribes first: that does.
- When brokers are away the session ends here, too. The share then stays as it was until the group is whole again and says otherwise: what is received
  meanwhile waits in the publisher's buffer. A member that was only cut off may so cover symbols twice; trades are told apart by their identity.
  A broker that stood still may then find two requests to join of one member, and take them for two members with one name. So a member that is told
  of another while it is cut off joins again, unless it stood still itself: then that other may have come in its place.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from domain.watchlist import Share, share_of
from ports.errors import BrokerError, KeyInUseError, PortError

from .codes import is_fatal, is_passing
from .instances import await_free_name
from .logs import ClientLog
from .metadata import require_topics
from .settings import KafkaSettings
from .watchlist_reader import WatchlistReader

SESSION_MS: Final = 10_000
"""A member that is not heard of for so long is dead, and its partitions go to the others."""
HEARTBEAT_MS: Final = 1_000
MAX_POLL_MS: Final = 30_000
"""A member that has not polled for so long hangs, and is counted as dead. One that waits for a full buffer goes on polling."""
SETTLE_S: Final = 2.0
"""Two heartbeats: by the first one, a member whose key another uses has been told so."""
_LEAVE_S: Final = 2.0

_log = structlog.get_logger(__name__)


class KafkaWatchlist:
    """A `ports.watchlist.Watchlist` over confluent-kafka's consumer."""

    def __init__(self, settings: KafkaSettings, *, cap: int, key: str | None, host: str | None = None) -> None:
        """Take how many symbols fit, and a name for the key by which nobody can tell the key; None where there is no key to protect.

        The host is this machine's name, unless another is given.
        """
        self._settings = settings
        self._cap = cap
        self._key = key
        self._host = host or socket.gethostname()
        self._client_log = ClientLog("watchlist", settings.bootstrap_servers)
        self._reader = WatchlistReader(settings)
        self._consumer: Consumer | None = None
        self._partitions: frozenset[int] = frozenset()
        self._is_cut_off = False
        self._polled_at = float("inf")
        self._stood_still = False
        self._settled_at: float | None = None
        self._told: Share | None = None
        self._changed = False
        self._cover: Callable[[Share], None] | None = None

    def start(self) -> None:
        """Join the group. Raises BrokerError when no broker answers or the topic is missing, KeyInUseError when another machine has the key."""
        if self._consumer is not None:
            return
        self._reader.start()
        try:
            if self._key is not None:
                await_free_name(self._settings, self._key, self._host, SESSION_MS / 1000 + _LEAVE_S)
            consumer = self._client()
        except PortError:
            self._reader.close()
            raise
        try:
            require_topics(consumer, (self._settings.watchlist_topic,), self._settings, self._client_log)
        except BrokerError:
            consumer.close()
            self._reader.close()
            raise
        self._join(consumer)

    def poll(self, cover: Callable[[Share], None]) -> None:
        """Hand over the share when it has changed. Raises KeyInUseError or BrokerError."""
        if self._consumer is None:
            raise BrokerError("the watchlist is not open")
        self._cover = cover
        now = time.monotonic()
        self._stood_still |= now - self._polled_at > SESSION_MS / 1000
        self._polled_at = now
        message = self._consumer.poll(0)
        if message is not None and (error := message.error()) is not None:
            self._judge(error)
        if self._reader.poll():
            self._changed = True
        self._tell()

    def close(self) -> None:
        """Leave the group."""
        consumer, self._consumer = self._consumer, None
        self._cover = None
        if consumer is not None:
            # One whose place another has taken has nothing to leave, and Kafka's client says so.
            with contextlib.suppress(KafkaException):
                consumer.unsubscribe()
                deadline = time.monotonic() + _LEAVE_S
                while consumer.assignment() and time.monotonic() < deadline:
                    consumer.poll(0.02)
            consumer.close()
        self._reader.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _client(self) -> Consumer:
        settings = self._settings
        name = {} if self._key is None else {"group.instance.id": self._key}
        try:
            return Consumer(
                {
                    **settings.consumer(settings.watchlist_group),
                    **self._client_log.options(),
                    **name,
                    "client.id": client_id(settings, self._host, self._cap),
                    "partition.assignment.strategy": "cooperative-sticky",
                    "session.timeout.ms": SESSION_MS,
                    "heartbeat.interval.ms": HEARTBEAT_MS,
                    "max.poll.interval.ms": MAX_POLL_MS,
                }
            )
        except (KafkaException, ValueError, TypeError) as error:
            raise BrokerError(f"Kafka does not take these settings: {error}") from error

    def _join(self, consumer: Consumer) -> None:
        consumer.subscribe(
            [self._settings.watchlist_topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )
        self._consumer = consumer

    def _join_again(self) -> None:
        """Take part as a new client, under the same name; the share stays until the group has given another."""
        _log.warning("the watchlist's group took this member for two, joining again")
        before = self._consumer
        self._settled_at = None
        self._join(self._client())
        if before is not None:
            before.close()

    def _judge(self, error: KafkaError) -> None:
        if is_fatal(error) and self._key is not None:
            if not self._is_cut_off or self._stood_still:
                raise KeyInUseError(
                    "another producer was started with the same API key, and has taken this one's place: each producer needs a key of its own"
                ) from KafkaException(error)
            self._join_again()
        elif is_passing(error):
            _log.warning("the watchlist's group was interrupted", error=error.str())
        else:
            raise BrokerError(
                f"cannot take part in group {self._settings.watchlist_group}: {error.str()}"
            ) from KafkaException(error)

    def _tell(self) -> None:
        if not self._changed or self._cover is None or not self._reader.is_complete:
            return
        if self._settled_at is None or time.monotonic() < self._settled_at:
            return
        self._changed = False
        share = share_of(self._reader.book.entries(), self._partitions, self._cap)
        if share != self._told:
            self._cover(share)
            self._told = share

    def _on_assign(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        if self._is_cut_off:
            self._is_cut_off = False
            self._partitions = frozenset()
        self._stood_still = False
        self._partitions |= {place.partition for place in places}
        self._changed = True
        if self._settled_at is None:
            self._settled_at = time.monotonic() + (0.0 if self._key is None else SETTLE_S)
        # Who has it is all that is asked of this consumer. With an offset it does not look for a committed one: a broker that is just back
        # may refuse to tell that, and the client hands such a refusal on instead of asking again.
        places = [TopicPartition(place.topic, place.partition, 0) for place in places]
        consumer.incremental_assign(places)
        consumer.pause(places)

    def _on_revoke(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        """Let go: the others are given these partitions when this has returned."""
        if consumer is not self._consumer:
            return
        self._partitions -= {place.partition for place in places}
        self._changed = True
        self._tell()

    def _on_lost(self, _: Consumer, places: Sequence[TopicPartition]) -> None:
        """Go on as before: the brokers are away, or soon say who has what."""
        self._is_cut_off = True
        _log.warning("the watchlist's group is out of reach, the symbols stay as they are", partitions=len(places))


def client_id(settings: KafkaSettings, host: str, cap: int) -> str:
    """Name a member for those who look at the group: on which host it is, and how many symbols it can carry."""
    return f"{settings.client_id}.{host}.{cap}"
