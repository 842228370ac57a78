"""Fill a topic with seeded trades in tapeline's record format: `fill_topic SERVERS TOPIC TRADES SYMBOLS PARTITIONS CANDLES`.

The file CANDLES receives the candles of these trades, folded by the domain, as the expected result of every program that folds the topic.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
from confluent_kafka import KafkaError, Message, Producer

from adapters.exchange_calendar.markets import NYSE
from adapters.finnhub.protocol import parse_message
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from apps.runtime.gc_tuning import tune_gc
from bench.harness import candle_lines
from bench.harness.connections import connections
from bench.harness.runs import Stopwatch
from bench.harness.workload import frames
from domain.candle import fold
from domain.eligibility import eligibility_rules
from domain.feed import Frame
from domain.intake import Intake
from domain.record import encode
from domain.trade import Trade
from domain.window import MINUTE_MS

TRADES_PER_FRAME: Final = 10
TRANSIT_MS: Final = 20
"""Time from the last trade of a frame to its receipt."""
TIMEOUT_S: Final = 60.0


def kafka_settings(servers: str, topic: str) -> KafkaSettings:
    """Return the settings of a topic of trades with its own topics of dead letters and events."""
    return attrs.evolve(
        connections().kafka.adapter(),
        bootstrap_servers=servers,
        trades_topic=topic,
        dead_letters_topic=f"{topic}.dlq",
        events_topic=f"{topic}.events",
    )


def trades(count: int, symbols: int) -> Iterator[Trade]:
    """Yield trades as the producer's intake accepts them."""
    intake = Intake(source="bench")
    for payload in frames(count, TRADES_PER_FRAME, symbol_count=symbols):
        frame = parse_message(payload, 0)
        assert isinstance(frame, Frame)
        last_ms = max(int(str(trade.timestamp_ms)) for trade in frame.trades)
        frame = Frame(payload=payload, received_ms=last_ms + TRANSIT_MS, trades=frame.trades)
        result = intake.accept(frame)
        assert not result.dead_letters
        yield from result.trades


def main(servers: str, topic: str, count: str, symbols: str, partitions: str, file: str) -> None:
    """Fill the topic."""
    tune_gc()
    settings = kafka_settings(servers, topic)
    ensure_topics(settings, profile=Profile.DEV, partitions=int(partitions))
    producer = Producer(settings.producer())
    acknowledged = 0

    def delivered(error: KafkaError | None, _message: Message) -> None:
        nonlocal acknowledged
        assert error is None
        acknowledged += 1

    def sent() -> Iterator[Trade]:
        for number, trade in enumerate(trades(int(count), int(symbols))):
            while True:
                try:
                    producer.produce(topic, encode(trade), trade.symbol.encode(), on_delivery=delivered)
                    break
                except BufferError:
                    producer.poll(0.1)
            if number % TRADES_PER_FRAME == 0:
                producer.poll(0)
            yield trade

    watch = Stopwatch()
    folded = fold(sent(), MINUTE_MS, eligibility_rules(NYSE.session))
    assert producer.flush(TIMEOUT_S) == 0
    candle_lines.write(Path(file), map(candle_lines.of_domain, folded.values()))
    assert acknowledged == int(count)
    watch.stop(acknowledged).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
