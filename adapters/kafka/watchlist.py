"""An instance's share of the watchlist: Kafka's group protocol over the list's topic decides which instance has which part.

- Members are assigned partitions, and a partition's symbols are theirs. The records are read separately (`WatchlistReader`), so a partition that
  moves brings its symbols at once, and every member sees the whole list.
- With `cooperative-sticky` assignment a member that comes or goes moves only the partitions that have to move, and a partition is released before
  another member gets it.
- With a key, membership is static: the key's name is the group's `group.instance.id`. Of two members with one name Kafka keeps the later, and ends
  the earlier with a fatal error, here `KeyInUseError`. A share is reported only after `SETTLE_S`, so that the earlier has closed its connection by
  then. A process that dies and returns within the session gets its partitions back. A process that finds its name on another machine does not join,
  since that member may be alive: it waits until the session of a dead member ends, and then gives up.
- By Kafka's rules, static members that close stay in the group until their session ends. A member that ends on purpose unsubscribes first, which
  leaves the group.
- When the brokers are unavailable the session ends here, too. The share then stays as it was until the group is whole again and assigns another.
  Trades that are received meanwhile wait in the publisher's buffer. A member that was only cut off may so cover symbols twice; the trades keep
  their identity. A broker that was frozen may then find two requests to join from one member, and take them for two members with one name. So a
  member that is reported as replaced while it is cut off joins again, unless it was frozen itself: then another may really have taken its place.
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
from .consumers import new_consumer
from .instances import await_free_name
from .logs import ClientLog
from .metadata import require_topics
from .settings import SESSION_MS, KafkaSettings
from .watchlist_reader import WatchlistReader

HEARTBEAT_MS: Final = 1_000
MAX_POLL_MS: Final = 30_000
"""A member that has not polled for this long hangs, and counts as dead. A member that waits for a full buffer continues to poll."""
SETTLE_S: Final = 2.0
"""Two heartbeats: by the first one, a member whose key another uses has been notified."""
_LEAVE_S: Final = 2.0

_log = structlog.get_logger(__name__)


class KafkaWatchlist:
    """A `ports.watchlist.Watchlist` over confluent-kafka's consumer."""

    def __init__(self, settings: KafkaSettings, *, cap: int, key: str | None, host: str | None = None) -> None:
        """Configure the member.

        `cap` is how many symbols fit. `key` is a name for the API key that does not reveal it, or None where there is no key to protect. The host
        is the name of this machine, unless another is given.
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
        self._was_frozen = False
        self._settled_at: float | None = None
        self._share: Share | None = None
        self._changed = False
        self._cover: Callable[[Share], None] | None = None

    def start(self) -> None:
        """Join the group. Raise BrokerError when no broker answers or the topic is missing, KeyInUseError when another machine uses the key."""
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
        """Call `cover` with the share when it has changed. Raise KeyInUseError or BrokerError."""
        if self._consumer is None:
            raise BrokerError("the watchlist is not open")
        self._cover = cover
        now = time.monotonic()
        self._was_frozen |= now - self._polled_at > SESSION_MS / 1000
        self._polled_at = now
        message = self._consumer.poll(0)
        if message is not None and (error := message.error()) is not None:
            self._handle(error)
        if self._reader.poll():
            self._changed = True
        self._update()

    def close(self) -> None:
        """Leave the group."""
        consumer, self._consumer = self._consumer, None
        self._cover = None
        if consumer is not None:
            # A member that was replaced has nothing to leave, and Kafka's client reports that as an error.
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
        properties: dict[str, str | int] = {
            "client.id": client_id(settings, self._host, self._cap),
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": SESSION_MS,
            "heartbeat.interval.ms": HEARTBEAT_MS,
            "max.poll.interval.ms": MAX_POLL_MS,
        }
        if self._key is not None:
            properties["group.instance.id"] = self._key
        return new_consumer(settings, settings.watchlist_group, self._client_log, properties)

    def _join(self, consumer: Consumer) -> None:
        consumer.subscribe(
            [self._settings.watchlist_topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )
        self._consumer = consumer

    def _join_again(self) -> None:
        """Join with a new client under the same name. The share stays until the group assigns another."""
        _log.warning("the watchlist's group took this member for two, joining again")
        before = self._consumer
        self._settled_at = None
        self._join(self._client())
        if before is not None:
            before.close()

    def _handle(self, error: KafkaError) -> None:
        if is_fatal(error) and self._key is not None:
            if not self._is_cut_off or self._was_frozen:
                raise KeyInUseError(
                    "another producer was started with the same API key, and has taken the place of this one: each producer needs a key of its own"
                ) from KafkaException(error)
            self._join_again()
        elif is_passing(error):
            _log.warning("the watchlist's group was interrupted", error=error.str())
        else:
            raise BrokerError(
                f"cannot take part in group {self._settings.watchlist_group}: {error.str()}"
            ) from KafkaException(error)

    def _update(self) -> None:
        if not self._changed or self._cover is None or not self._reader.is_complete:
            return
        if self._settled_at is None or time.monotonic() < self._settled_at:
            return
        self._changed = False
        share = share_of(self._reader.book.entries(), self._partitions, self._cap)
        if share != self._share:
            self._cover(share)
            self._share = share

    def _on_assign(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        if self._is_cut_off:
            self._is_cut_off = False
            self._partitions = frozenset()
        self._was_frozen = False
        self._partitions |= {place.partition for place in places}
        self._changed = True
        if self._settled_at is None:
            self._settled_at = time.monotonic() + (0.0 if self._key is None else SETTLE_S)
        # This consumer only learns the assignment, it reads nothing. With an offset it does not ask for a committed one: a broker that has just
        # returned may refuse to answer that, and the client reports such a refusal instead of asking again.
        places = [TopicPartition(place.topic, place.partition, 0) for place in places]
        consumer.incremental_assign(places)
        consumer.pause(places)

    def _on_revoke(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        """Release partitions: the others get them after this has returned."""
        if consumer is not self._consumer:
            return
        self._partitions -= {place.partition for place in places}
        self._changed = True
        self._update()

    def _on_lost(self, _: Consumer, places: Sequence[TopicPartition]) -> None:
        """Keep the share: the brokers are unavailable, or will soon assign the partitions again."""
        self._is_cut_off = True
        _log.warning("the watchlist's group is out of reach, the symbols stay as they are", partitions=len(places))


def client_id(settings: KafkaSettings, host: str, cap: int) -> str:
    """Return a member's name for those who inspect the group: it holds the host, and how many symbols the member's key allows."""
    return f"{settings.client_id}.{host}.{cap}"
