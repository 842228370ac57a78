"""Records of a topic to candles with Bytewax, one worker, in its own environment: `bytewax_topic SERVERS TOPIC RECORDS`.

Exact decimals. It persists no state (its recovery is disabled) and validates nothing. Open and close are in order of arrival.
"""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import bytewax.operators as op
import msgspec
from bytewax.connectors.kafka import KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing
from bytewax.testing import TestingSink, run_main

from bench.harness.runs import Run
from bench.harness.warmup import WarmUp

BATCH = 5_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Trade(msgspec.Struct):
    """The fields that a candle needs."""

    symbol: str
    price: Decimal
    volume: Decimal
    timestamp_ms: int


decode = msgspec.json.Decoder(Trade).decode


class Candle(msgspec.Struct):
    """One symbol's minute."""

    open: Decimal | None = None
    high: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    close: Decimal = Decimal(0)
    volume: Decimal = Decimal(0)
    trades: int = 0


def fold(candle: Candle, trade: Trade) -> Candle:
    """Fold a trade into a candle."""
    price = trade.price
    if candle.open is None:
        candle.open = candle.high = candle.low = price
    elif price > candle.high:
        candle.high = price
    elif price < candle.low:
        candle.low = price
    candle.close = price
    candle.volume += trade.volume
    candle.trades += 1
    return candle


def measure(servers: str, topic: str, records: int) -> Run:
    """Run the flow to the end of the topic."""
    warm_up = WarmUp(records)
    results: list[tuple[str, tuple[int, Candle]]] = []

    def trades(messages: list[KafkaSourceMessage]) -> list[Trade]:
        warm_up.add(len(messages))
        return [decode(message.value) for message in messages]

    flow = Dataflow("candles")
    source = KafkaSource([servers], [topic], tail=False, batch_size=BATCH)
    keyed = op.key_on(
        "by_symbol", op.flat_map_batch("parse", op.input("in", flow, source), trades), lambda trade: trade.symbol
    )
    clock = windowing.EventClock(
        ts_getter=lambda trade: EPOCH + timedelta(milliseconds=trade.timestamp_ms), wait_for_system_duration=MINUTE
    )
    windower = windowing.TumblingWindower(length=MINUTE, align_to=EPOCH)
    # Fold in order of arrival, like the other variants: in order of time Bytewax queues every trade newer than its watermark.
    candles = windowing.fold_window(
        "candles", keyed, clock, windower, Candle, fold, lambda one, _other: one, ordered=False
    )
    op.output("out", candles.down, TestingSink(results))
    run_main(flow)
    run = warm_up.stop()
    assert warm_up.count == records
    assert sum(candle.trades for _symbol, (_window, candle) in results) == records
    return run


if __name__ == "__main__":
    servers, topic, records = sys.argv[1:]
    measure(servers, topic, int(records)).report()
