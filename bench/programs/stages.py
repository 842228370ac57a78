"""Micro-benchmarks of the stages that a trade passes, with pyperf, in CPU time: `stages --output RESULTS` and pyperf's other options.

pyperf runs this program again in child processes, and repeats each stage until the value is long enough to be stable.
"""

import os
import time
from collections.abc import Callable
from typing import Final

import pyperf

from adapters.finnhub.protocol import parse_message
from adapters.memory.stores import MemoryTradeStore
from adapters.system_clock import system_clock
from bench.harness.workload import read_frames
from domain.feed import Frame
from domain.intake import Intake
from domain.record import decode, encode
from domain.rules import Rules
from domain.windower import Windower

FRAMES: Final = 200
MINUTE_MS: Final = 60_000
FILE_VARIABLE: Final = "TAPELINE_BENCH_FRAMES"
"""Names the file of frames. pyperf passes the variable on to its processes."""


def stages(payloads: list[bytes], now_ms: int) -> dict[str, Callable[[], object]]:
    """Return the stages by name. Each processes all frames."""
    messages = [parse_message(payload, now_ms) for payload in payloads]
    frames = [message for message in messages if isinstance(message, Frame)]
    first = Intake(source="bench")
    trades = [trade for frame in frames for trade in first.accept(frame).trades]
    records = [encode(trade) for trade in trades]
    rules = Rules()

    def accept() -> None:
        intake = Intake(source="bench")
        for frame in frames:
            intake.accept(frame)

    def window() -> None:
        windower = Windower(window_ms=MINUTE_MS, allowed_lateness_ms=MINUTE_MS)
        for trade in trades:
            windower.add(trade)

    def parse() -> None:
        for payload in payloads:
            parse_message(payload, now_ms)

    def write_records() -> None:
        for trade in trades:
            encode(trade)

    def read_records() -> None:
        for record in records:
            decode(record, appended_ms=now_ms, rules=rules)

    return {
        "parse a frame": parse,
        "validate and identify": accept,
        "encode as a record": write_records,
        "decode a record and validate": read_records,
        "fold into a candle": window,
        "store in memory": lambda: MemoryTradeStore().write(trades),
    }


def main() -> None:
    """Run under pyperf."""
    runner = pyperf.Runner(program_args=("-m", "bench.programs.stages"))
    runner.parse_args()
    payloads = read_frames(os.environ[FILE_VARIABLE])[:FRAMES]
    now_ms = system_clock()
    trades = payloads[0].count(b'"p":') * len(payloads)
    for name, stage in stages(payloads, now_ms).items():

        def timed(loops: int, stage: Callable[[], object] = stage) -> float:
            started_s = time.process_time()
            for _ in range(loops):
                stage()
            return time.process_time() - started_s

        runner.bench_time_func(name, timed, inner_loops=trades)


if __name__ == "__main__":
    main()
