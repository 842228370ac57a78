"""Trades and dead letters into Kafka: idempotent, acknowledged by all replicas in sync, compressed with snappy, ordered by symbol.

- Nothing is given up while the process lives. When brokers are away the bounded buffer fills, then `publish` blocks and so holds the feed back.
- `failed` counts what Kafka refused for its own sake, such as a dead letter over the topic's size limit. Each is logged.
- An idempotent producer that met an error by which it could no longer promise order is dead for good. It is then replaced, and what it had not
  delivered goes through the new one, in order. What was on the way at that moment may have arrived already: only then can a record come
  twice. Its trade id is the same, so stores keep it once. When the new producer dies as well before anything was acknowledged, it is beyond
  repair: BrokerError.
- For use by one thread, except `close`: called from another thread or a signal handler, it ends a `publish` that waits.
"""

import contextlib
import functools
import time
from typing import Final, Self

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from domain.rejection import DeadLetter
from domain.trade import Trade
from ports.errors import BrokerError
from ports.publisher import Deliveries

from .codes import END_OF_PRODUCER, error_of, is_fatal
from .logs import ClientLog
from .metadata import require_topics
from .outgoing import Outgoing, outgoing
from .settings import KafkaSettings

_POLL_S: Final = 0.1
"""How long it may take until a waiting `publish` sees that it was closed."""
_LONG_WAIT_S: Final = 1.0
"""A wait for room that is shorter than this is the normal course of a fast feed, and not logged."""
_LAST_REPORTS_S: Final = 2.0
_log = structlog.get_logger(__name__)


class KafkaPublisher:
    """Publisher over confluent-kafka's producer."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Producer | None = None
        self._client_log = ClientLog("publisher", settings.bootstrap_servers)
        self._closed = False
        self._acknowledged = 0
        self._failed = 0
        self._pending = 0
        self._number = 0
        self._returned: dict[int, Outgoing] = {}
        self._acknowledged_at_repair = -1
        self._broken = ""

    def start(self) -> None:
        """Connect. Raises BrokerError when no broker answers, when a topic is missing, or on settings that Kafka does not know."""
        if self._closed:
            raise BrokerError("the publisher is closed: make a new one")
        if self._producer is None:
            producer = self._build()
            topics = (self._settings.trades_topic, self._settings.dead_letters_topic)
            require_topics(producer, topics, self._settings, self._client_log)
            self._producer = producer

    def publish(self, item: Trade | DeadLetter) -> None:
        """Take an item for delivery; blocks while the buffer is full. Raises BrokerError when not open, or beyond repair."""
        self._enqueue(outgoing(item, self._settings))
        if self._client_log.fatal is not None:
            self._repair()

    def flush(self, timeout_s: float) -> Deliveries:
        """Wait until all is acknowledged or the time is up, and say how things stand; with 0 it only looks."""
        deadline = time.monotonic() + timeout_s
        while self._producer is not None:
            # In short turns: an interrupt, a close and a dead producer are to be seen in time.
            left = min(_POLL_S, deadline - time.monotonic())
            if left > 0 and self._pending:
                self._producer.flush(left)
            else:
                self._producer.poll(0)
            if self._client_log.fatal is not None and not self._closed:
                # The next `publish` raises what cannot be repaired; here the figures tell it.
                with contextlib.suppress(BrokerError):
                    self._repair()
            if not self._pending or time.monotonic() >= deadline:
                break
        return Deliveries(acknowledged=self._acknowledged, failed=self._failed, pending=self._pending)

    def close(self) -> None:
        """Let go of everything, undelivered items included, within a few seconds; what is let go counts as failed."""
        self._closed = True
        producer, self._producer = self._producer, None
        if producer is not None:
            self._let_go(producer)
        self._give_up_pending("the publisher was closed")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _build(self) -> Producer:
        try:
            return Producer({**self._settings.producer(), **self._client_log.options()})
        except (KafkaException, ValueError, TypeError) as error:
            raise BrokerError(f"Kafka does not take these settings: {error}") from error

    def _open(self) -> Producer:
        if self._producer is None:
            raise BrokerError(self._broken or "the publisher is not open: nothing was published")
        return self._producer

    def _enqueue(self, record: Outgoing) -> None:
        self._number += 1
        on_delivery = functools.partial(self._delivered, self._number, record)
        waiting_since: float | None = None
        told = False
        while True:
            producer = self._open()
            try:
                producer.produce(
                    record.topic, value=record.value, key=record.key, headers=record.headers, on_delivery=on_delivery
                )
            except BufferError:
                waiting_since = waiting_since or time.monotonic()
                if not told and time.monotonic() - waiting_since > _LONG_WAIT_S:
                    told = True
                    _log.warning("buffer is full, the feed is held back", records=self._pending)
                producer.poll(_POLL_S)
            except KafkaException as error:
                if not self._client_log.fatal and not is_fatal(error_of(error)):
                    self._refused(record, error_of(error))
                    return
                self._pending += 1
                self._returned[self._number] = record
                self._repair()
                return
            else:
                self._pending += 1
                producer.poll(0)
                break
        if told and waiting_since is not None:
            _log.info("buffer has room again", waited_s=round(time.monotonic() - waiting_since, 1))

    def _delivered(self, number: int, record: Outgoing, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self._pending -= 1
            self._acknowledged += 1
        elif error.code() in END_OF_PRODUCER or error.fatal():
            self._returned[number] = record
        else:
            self._pending -= 1
            self._refused(record, error)

    def _refused(self, record: Outgoing, error: KafkaError) -> None:
        self._failed += 1
        _log.error("record refused", topic=record.topic, size_bytes=len(record.value), error=error.str())

    def _repair(self) -> None:
        """Replace a dead producer, and hand the new one what the dead one had not delivered, in the order of publishing."""
        dead, fatal = self._open(), self._client_log.fatal
        reason = fatal.str() if fatal is not None else "fatal error"
        # What is on the way gets a moment to be acknowledged: each that is will not be sent twice.
        dead.purge(in_flight=False)
        dead.flush(_LAST_REPORTS_S)
        self._let_go(dead)
        if self._acknowledged == self._acknowledged_at_repair:
            self._producer = None
            self._broken = (
                f"Kafka's producer died again as soon as it was replaced ({reason}): see to that, then start anew"
            )
            self._give_up_pending(self._broken)
            raise BrokerError(self._broken)
        self._acknowledged_at_repair = self._acknowledged
        returned, self._returned = self._returned, {}
        _log.error("producer replaced after a fatal error", reason=reason, records_sent_again=len(returned))
        self._client_log = ClientLog("publisher", self._settings.bootstrap_servers)
        self._producer = self._build()
        for _, record in sorted(returned.items()):
            self._pending -= 1
            self._enqueue(record)

    def _give_up_pending(self, why: str) -> None:
        if self._pending:
            _log.error("records were not delivered", records=self._pending, why=why)
        self._failed += self._pending
        self._pending = 0
        self._returned.clear()

    @staticmethod
    def _let_go(producer: Producer) -> None:
        producer.purge(blocking=False)
        producer.flush(_LAST_REPORTS_S)
