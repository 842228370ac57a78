"""Frames to candles and stored trades in this process: `embedded_engine tapeline|bare FILE`.

- tapeline: parse, validate, identify, fold into windows, and store in memory. It writes the candles every 64 frames, like `tapeline live`.
- bare: the shortest loop with the same exact numbers: msgspec, a dict of candles, a list of trades. It validates and identifies nothing,
  accepts late trades and never removes a candle.
"""

import sys
from collections.abc import Callable
from decimal import Decimal

import msgspec

from adapters.exchange_calendar.markets import NYSE
from adapters.finnhub.protocol import parse_message
from adapters.memory.stores import MemoryCandleStore, MemoryTradeStore
from adapters.system_clock import system_clock
from apps.runtime.gc_tuning import tune_gc
from bench.harness.runs import Stopwatch
from bench.harness.workload import read_frames
from domain.eligibility import eligibility_rules
from domain.feed import Frame
from domain.intake import Intake
from domain.windower import Windower

MINUTE_MS = 60_000
FRAMES_PER_BATCH = 64


def tapeline(payloads: list[bytes]) -> int:
    """Return the number of trades in the candles."""
    intake = Intake(source="bench")
    windower = Windower(
        window_ms=MINUTE_MS, allowed_lateness_ms=MINUTE_MS, eligibility_of=eligibility_rules(NYSE.session)
    )
    trades, candles = MemoryTradeStore(capacity=100_000), MemoryCandleStore()
    now_ms = system_clock()
    folded = 0
    for number, payload in enumerate(payloads, start=1):
        frame = parse_message(payload, now_ms)
        assert isinstance(frame, Frame)
        result = intake.accept(frame)
        trades.write(result.trades)
        for trade in result.trades:
            folded += windower.add(trade)
        if number % FRAMES_PER_BATCH == 0:
            candles.write(windower.take_changed())
            windower.advance()
    candles.write(windower.take_changed())
    return folded


class _Trade(msgspec.Struct):
    s: str
    p: Decimal
    v: Decimal
    t: int
    c: list[str] | None = None


class _Frame(msgspec.Struct):
    data: list[_Trade]


def bare(payloads: list[bytes]) -> int:
    """Return the number of trades in the candles."""
    decode = msgspec.json.Decoder(_Frame).decode
    trades: list[_Trade] = []
    candles: dict[tuple[str, int], list[Decimal]] = {}
    for payload in payloads:
        for trade in decode(payload).data:
            price = trade.p
            key = (trade.s, trade.t // MINUTE_MS)
            candle = candles.get(key)
            if candle is None:
                candles[key] = [price, price, price, price, trade.v]
            else:
                candle[1] = max(candle[1], price)
                candle[2] = min(candle[2], price)
                candle[3] = price
                candle[4] += trade.v
            trades.append(trade)
    return len(trades)


ENGINES: dict[str, Callable[[list[bytes]], int]] = {"tapeline": tapeline, "bare": bare}


def main(name: str, file: str) -> None:
    """Warm up with a tenth of the frames, then measure all frames."""
    payloads = read_frames(file)
    engine = ENGINES[name]
    # `tapeline live` does the same; here both engines do.
    tune_gc()
    engine(payloads[: len(payloads) // 10])
    watch = Stopwatch()
    watch.stop(engine(payloads)).report()


if __name__ == "__main__":
    main(*sys.argv[1:])
