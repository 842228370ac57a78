"""`tapeline producer` as a child of a test, which writes down what it received and what Kafka acknowledged; what it wrote outlives a kill.

It is the producer's own program and container. Around its feed stands one that notes each message as it is read; below its publisher stands
Kafka's client as it is, with each delivery report noted. A line is one write, so nothing of it is left in the process. Run it with
`python -m tests.fault.producing`, the flags of the producer, and the variables below.
"""

import json
import os
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer
from dependency_injector import providers

from adapters.kafka import publisher
from apps.containers.long_running import ProducerContainer
from apps.producer import run_producer
from apps.runtime.commands import run
from apps.runtime.logs import configure_logs
from apps.settings.loader import app_command
from apps.settings.producer import ProducerSettings
from domain.feed import FeedMessage, Frame
from ports.feed import Feed

from .frames import digest

RECEIVED: Final = "TESTED_RECEIVED"
"""Names the file of what was received: a line a message, and one at the start of each run."""
ACKNOWLEDGED: Final = "TESTED_ACKNOWLEDGED"
"""Names the file of what was acknowledged: a line a record."""


class Notes:
    """A file of JSON lines that several runs add to."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, **line: object) -> None:
        os.write(self._file, (json.dumps(line) + "\n").encode())


class NotingFeed:
    """A feed that notes each message of another."""

    def __init__(self, feed: Feed, notes: Notes) -> None:
        self._feed = feed
        self._notes = notes

    def start(self) -> None:
        self._feed.start()

    def subscribe(self, symbols: Iterable[str]) -> None:
        self._feed.subscribe(symbols)

    def read(self, timeout_s: float) -> FeedMessage | None:
        message = self._feed.read(timeout_s)
        if isinstance(message, Frame):
            self._notes.add(at_ms=_now_ms(), frame=digest(message.payload))
        elif message is not None:
            self._notes.add(
                at_ms=message.at_ms, event=str(message.kind), detail=message.detail, symbols=message.symbols
            )
        return message

    def close(self) -> None:
        self._feed.close()


def noting_producer(notes: Notes) -> type[Producer]:
    """Return a class of Kafka's client that notes its delivery reports."""

    class NotingProducer(Producer):
        def produce(
            self,
            topic: str,
            value: Any = None,
            key: Any = None,
            partition: int = -1,
            callback: Callable[..., None] | None = None,
            on_delivery: Callable[..., None] | None = None,
            timestamp: int = 0,
            headers: Any = None,
        ) -> None:
            report = callback or on_delivery
            assert report is not None, "each record is reported on"

            def delivered(error: KafkaError | None, message: Message) -> None:
                # First: after a fatal error any call from here may raise, when it is done.
                report(error, message)
                if error is None:
                    notes.add(topic=topic, value=digest(value), begins=value[:200].decode("latin-1"))

            super().produce(
                topic, value, key, partition, on_delivery=delivered, timestamp=timestamp, headers=headers or []
            )

    return NotingProducer


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@app_command(ProducerSettings, "producer")
def producing(settings: ProducerSettings) -> None:
    """Run the producer, noted."""
    configure_logs()
    received = Notes(os.environ[RECEIVED])
    received.add(at_ms=_now_ms(), run=os.getpid())
    # The name by which the publisher makes its client.
    vars(publisher)["Producer"] = noting_producer(Notes(os.environ[ACKNOWLEDGED]))
    container = ProducerContainer(settings=settings)
    container.unmeasured_feed.override(providers.Object(NotingFeed(container.unmeasured_feed(), received)))
    run_producer(settings, container)


if __name__ == "__main__":
    run(producing, "tests.fault.producing")
