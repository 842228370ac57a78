"""Frames to candles with Bytewax, one worker, in its own environment: `bytewax_frames FILE`. Exact decimals; no validation, no identities."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import bytewax.operators as op
import msgspec
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing
from bytewax.testing import TestingSink, TestingSource, run_main

FRAMES_PER_BATCH = 64
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Trade(msgspec.Struct):
    """A trade of a frame."""

    s: str
    p: Decimal
    v: Decimal
    t: int
    c: list[str] | None = None


class Frame(msgspec.Struct):
    """A frame."""

    data: list[Trade]


decode = msgspec.json.Decoder(Frame).decode


def trades(frames: list[bytes]) -> list[Trade]:
    """Decode frames."""
    return [trade for frame in frames for trade in decode(frame).data]


def fold(candle: list[Decimal], trade: Trade) -> list[Decimal]:
    """Fold a trade into a candle: open, high, low, close, volume."""
    price = trade.p
    if not candle:
        return [price, price, price, price, trade.v]
    candle[1] = max(candle[1], price)
    candle[2] = min(candle[2], price)
    candle[3] = price
    candle[4] += trade.v
    return candle


def run(payloads: list[bytes]) -> None:
    """Run the flow to its end."""
    flow = Dataflow("candles")
    frames = op.input("frames", flow, TestingSource(payloads, batch_size=FRAMES_PER_BATCH))
    keyed = op.key_on("by_symbol", op.flat_map_batch("parse", frames, trades), lambda trade: trade.s)
    clock = windowing.EventClock(
        ts_getter=lambda trade: EPOCH + timedelta(milliseconds=trade.t), wait_for_system_duration=timedelta(minutes=1)
    )
    windower = windowing.TumblingWindower(length=timedelta(minutes=1), align_to=EPOCH)
    # Fold in order of arrival, like the other variants: in order of time Bytewax queues every trade newer than its watermark.
    candles = windowing.fold_window(
        "candles", keyed, clock, windower, list, fold, lambda one, other: one or other, ordered=False
    )
    op.output("out", candles.down, TestingSink([]))
    run_main(flow)


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_bytes().split(b"\n")
    run(lines[: len(lines) // 10])
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    run(lines)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    items = sum(len(decode(line).data) for line in lines)
    print(json.dumps({"items": items, "wall_s": wall_s, "cpu_s": cpu_s}))
