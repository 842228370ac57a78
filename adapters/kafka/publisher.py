"""Trades, dead letters and session events into Kafka: idempotent, acknowledged by all in-sync replicas, compressed with snappy, ordered by symbol.

- No record is given up while the process lives. During an outage the bounded buffer fills, then `publish` blocks, which is backpressure for the feed.
- `failed` counts records that Kafka refused for their own sake, such as a dead letter over the topic's size limit, and records that `close`
  discarded. Both are logged.
- A whole topic may be unavailable: deleted, or no longer ours to write to. librdkafka then gives its records up. The publisher keeps them and
  sends them through a new producer, until the topic is available again.
- An idempotent producer that can no longer guarantee order is dead. The publisher replaces it and sends the unacknowledged records through the
  new one, in order. A record that was in flight at that moment may be on the topic already: only then is a record on the topic twice. Both
  copies have one trade id, so the table of trades keeps one row, but candles count the trade twice unless the aggregator deduplicates. When the
  new producer dies before it has delivered anything, the publisher is beyond repair: BrokerError.
- For use by one thread, except `close`: any thread may call it. It ends a `publish` or a `flush` that waits in another thread, and then takes its
  turn: at no time do two threads use the producer.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final, Self

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ports.errors import BrokerError
from ports.publisher import Deliveries, Publishable

from .codes import END_OF_PRODUCER, TOPIC_UNAVAILABLE, error_of, is_fatal
from .logs import ClientLog
from .metadata import require_topics
from .observer import Observer
from .outgoing import Outgoing, outgoing
from .settings import KafkaSettings
from .undelivered import Undelivered

_POLL_S: Final = 0.1
"""How long a waiting `publish` or `flush` may take to notice that the publisher was closed."""
_LONG_WAIT_S: Final = 1.0
"""A shorter wait for room is normal for a fast feed, and not logged."""
_LAST_REPORTS_S: Final = 2.0
"""How long a producer that is discarded may take to report on its records."""

_log = structlog.get_logger(__name__)


class KafkaPublisher:
    """A `ports.publisher.Publisher` over confluent-kafka's producer."""

    def __init__(
        self,
        settings: KafkaSettings,
        observer: Observer | None = None,
        while_waiting: Callable[[], None] | None = None,
    ) -> None:
        """Configure the publisher.

        `observer` receives the latency of acknowledged records and the client's statistics. `while_waiting` is called ten times a second while
        `publish` waits for room. Neither may raise.
        """
        self._settings = settings
        self._observer = observer
        self._while_waiting = while_waiting
        self._client_log = ClientLog(
            "publisher", settings.bootstrap_servers, None if observer is None else observer.statistics
        )
        self._turn = threading.RLock()
        """Held by the thread that uses the producer."""
        self._producer: Producer | None = None
        self._closed = False
        self._fatal_error = ""
        """Why the producer can no longer be used."""
        self._topic_is_unavailable = False
        """Whether the fatal error is only that a topic takes no records."""
        self._broken = ""
        """Why the publisher is beyond repair."""
        self._acknowledged_at_repair = -1
        self._undelivered = Undelivered()
        self._refusals: dict[int, KafkaError] = {}
        # Reports of delivered records, for the observer, which receives them after the poll that brought them.
        self._delivered: dict[int, Message] = {}

    def start(self) -> None:
        """Connect. Raise BrokerError when no broker answers, a topic is missing, or Kafka does not know a setting."""
        if self._closed:
            raise BrokerError("the publisher is closed: make a new one")
        if self._producer is None:
            producer = self._build()
            require_topics(producer, self._settings.topics, self._settings, self._client_log)
            self._producer = producer

    def publish(self, *items: Publishable) -> None:
        """Accept items for delivery; block while the buffer is full. Raise BrokerError when the publisher is not open or beyond repair."""
        with self._turn:
            producer = self._open()
            produce, report, settings = producer.produce, self._report, self._settings
            undelivered = self._undelivered
            records = undelivered.records
            for item in items:
                topic, key, value, headers = record = outgoing(item, settings)
                undelivered.published = number = undelivered.published + 1
                records[number] = record
                if headers is None and producer is self._producer and not self._fatal_error:
                    try:
                        produce(topic, value, key, -1, partial(report, number))
                    except (BufferError, KafkaException):
                        # `_send` meets the same error again, and handles it.
                        self._send(number, record)
                else:
                    self._send(number, record)
            # Often enough, and once a frame costs less than once a record.
            self._serve(producer, 0)
            if self._fatal_error:
                self._repair()

    def flush(self, timeout_s: float) -> Deliveries:
        """Wait until all is acknowledged or the time is up, and return the counts; with 0 do not wait."""
        deadline = time.monotonic() + timeout_s
        with self._turn:
            while (producer := self._producer) is not None:
                # In short turns, so that an interrupt, a close and a dead producer are noticed in time.
                # Never below 0, which Kafka's client takes for forever.
                left = max(0.0, min(_POLL_S, deadline - time.monotonic())) if self._undelivered else 0.0
                self._serve(producer, left, send_now=left > 0)
                if self._fatal_error and not self._closed:
                    # The next `publish` raises what cannot be repaired; here the counts show it.
                    with contextlib.suppress(BrokerError):
                        self._repair()
                if not self._undelivered or self._closed or time.monotonic() >= deadline:
                    break
            return self._undelivered.deliveries()

    def close(self) -> None:
        """Release everything within a few seconds; undelivered records are discarded, and count as failed."""
        self._closed = True
        with self._turn:
            producer, self._producer = self._producer, None
            if producer is not None:
                self._discard(producer)
            self._give_up("the publisher was closed")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _build(self) -> Producer:
        try:
            return Producer({**self._settings.producer(), **self._client_log.options()})
        except (KafkaException, ValueError, TypeError) as error:
            raise BrokerError(f"Kafka does not accept these settings: {error}") from error

    def _open(self) -> Producer:
        if self._producer is None or self._closed:
            raise BrokerError(self._broken or "the publisher is not open: nothing was published")
        return self._producer

    def _send(self, number: int, record: Outgoing) -> None:
        """Put a record into the producer's buffer, and wait for room; leave it undelivered when the producer is dead."""
        on_delivery = partial(self._report, number)
        topic, key, value, headers = record
        waiting_since: float | None = None
        logged = False
        while not self._fatal_error:
            producer = self._open()
            try:
                if headers is None:
                    producer.produce(topic, value, key, -1, on_delivery)
                else:
                    producer.produce(topic, value, key, on_delivery=on_delivery, headers=headers)
            except BufferError:
                waiting_since = waiting_since or time.monotonic()
                if not logged and time.monotonic() - waiting_since > _LONG_WAIT_S:
                    logged = True
                    _log.warning("buffer is full, the feed is under backpressure", records=len(self._undelivered))
                if self._while_waiting is not None:
                    self._while_waiting()
                self._serve(producer, _POLL_S)
            except KafkaException as error:
                if is_fatal(error_of(error)):
                    self._fatal_error = self._fatal_error or error_of(error).str()
                else:
                    self._refusals[number] = error_of(error)
                    self._settle()
                return
            else:
                break
        if logged and waiting_since is not None:
            _log.info("buffer has room again", waited_s=round(time.monotonic() - waiting_since, 1))

    def _serve(self, producer: Producer, timeout_s: float, *, send_now: bool = False) -> None:
        """Handle delivery reports. `send_now` does not wait for batches to fill. Note it when the producer is dead."""
        try:
            if send_now:
                producer.flush(timeout_s)
            else:
                producer.poll(timeout_s)
        except (KafkaException, SystemError) as error:
            # A fatal error is raised from here, and disturbs reports that come in the same call: they raise SystemError.
            fatal = error.__cause__ or error
            self._fatal_error = error_of(fatal).str() if isinstance(fatal, KafkaException) else "fatal error"

        if self._delivered and self._observer is not None:
            delivered, self._delivered = self._delivered, {}
            self._observer.acknowledged([message.latency() or 0.0 for message in delivered.values()])
        if self._refusals:
            self._settle()

    def _report(self, number: int, error: KafkaError | None, message: Message) -> None:
        """Take the delivery report of a record. A report on a record that was given up by then changes nothing."""
        # Calls nothing: after a fatal error any call from here may raise SystemError, half done.
        records = self._undelivered.records
        if error is not None:
            self._refusals[number] = error
        elif number in records:
            del records[number]
            if self._observer is not None:
                self._delivered[number] = message

    def _settle(self) -> None:
        """Count the records that were refused for their own sake; records that failed with their producer or topic stay undelivered."""
        refusals, self._refusals = self._refusals, {}
        for number, error in refusals.items():
            if number not in self._undelivered.records:
                continue
            if error.code() in TOPIC_UNAVAILABLE:
                self._topic_is_unavailable = self._topic_is_unavailable or not self._fatal_error
                self._fatal_error = self._fatal_error or f"{self._undelivered.records[number][0]}: {error.str()}"
            elif error.code() not in END_OF_PRODUCER and not error.fatal():
                topic, _, value, _ = self._undelivered.give_up(number)
                _log.error("record refused", topic=topic, size_bytes=len(value), error=error.str())

    def _repair(self) -> None:
        """Replace a dead producer, and send the unacknowledged records through the new one, in the order of publishing."""
        while self._fatal_error:
            dead, reason = self._open(), self._fatal_error
            # Records in flight get a moment to be acknowledged: each that is will not be sent twice.
            self._serve(dead, _LAST_REPORTS_S, send_now=True)
            self._discard(dead)
            acknowledged = self._undelivered.acknowledged
            if acknowledged == self._acknowledged_at_repair and not self._topic_is_unavailable:
                self._producer = None
                self._broken = f"Kafka's producer failed again after it was replaced: {reason}"
                self._give_up(self._broken)
                raise BrokerError(self._broken)
            self._acknowledged_at_repair = acknowledged
            _log.error("producer replaced after a fatal error", error=reason, records_sent_again=len(self._undelivered))
            self._producer, self._fatal_error, self._topic_is_unavailable = self._build(), "", False
            for number, record in list(self._undelivered.records.items()):
                self._send(number, record)

    def _give_up(self, why: str) -> None:
        records = self._undelivered.give_up_all()
        if records:
            _log.error("records were not delivered", records=records, why=why)

    def _discard(self, producer: Producer) -> None:
        producer.purge(blocking=False)
        self._serve(producer, _LAST_REPORTS_S, send_now=True)
