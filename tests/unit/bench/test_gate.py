"""What a trade may cost, beside a bare loop over the same input in the same process: a doubling cannot land unseen.

Ratios of CPU time, not times: the least of several short turns each, taken in turn, so that a busy machine makes little difference. A limit is
about 1.5 times what was measured when it was set; where a change makes a step dearer on purpose, it is set anew, and the change says so.
"""

import time
from collections.abc import Callable

import msgspec
import pytest

from adapters.finnhub.protocol import parse_message
from bench.harness.workload import frames
from bench.programs import embedded_engine, producer_throughput
from domain.feed import Frame
from domain.intake import Intake
from domain.record import decode, encode
from domain.rules import Rules

TURNS = 15
PAYLOADS = frames(2_000, 10)
NOW_MS = time.time_ns() // 1_000_000


def carried() -> list[bytes]:
    """What the producer does with frames, up to Kafka."""
    intake = Intake(source="gate")
    records = []
    for payload in PAYLOADS:
        frame = parse_message(payload, NOW_MS)
        assert isinstance(frame, Frame)
        records += [encode(trade) for trade in intake.accept(frame).trades]
    return records


def barely_carried() -> list[bytes]:
    read, write = producer_throughput.decoder(), producer_throughput.encoder()
    return [write(producer_throughput.record(trade, NOW_MS)) for payload in PAYLOADS for trade in read(payload).data]


RECORDS = carried()


def read_again() -> None:
    rules = Rules()
    for value in RECORDS:
        decode(value, appended_ms=NOW_MS, rules=rules)


def barely_read_again() -> None:
    read = msgspec.json.Decoder(producer_throughput.Record).decode
    for value in RECORDS:
        read(value)


@pytest.mark.parametrize(
    ("path", "bare", "limit"),
    [
        (carried, barely_carried, 5.3),
        (read_again, barely_read_again, 7.1),
        (lambda: embedded_engine.tapeline(PAYLOADS), lambda: embedded_engine.bare(PAYLOADS), 6.7),
    ],
    ids=["frames to records", "records to trades", "frames to candles"],
)
def test_a_trade_costs_no_more_than_so_many_times_a_bare_loop(
    path: Callable[[], object], bare: Callable[[], object], limit: float
) -> None:
    assert ratio(path, bare, enough=limit) <= limit


def ratio(path: Callable[[], object], bare: Callable[[], object], *, enough: float) -> float:
    """Compare the least CPU times; ends early when the ratio is good enough."""
    least, least_bare = float("inf"), float("inf")
    for turn in range(TURNS):
        least_bare = min(least_bare, cpu_s(bare))
        least = min(least, cpu_s(path))
        if turn >= 4 and least / least_bare <= enough:
            break
    return least / least_bare


def cpu_s(work: Callable[[], object]) -> float:
    started_s = time.process_time()
    work()
    return time.process_time() - started_s


def test_work_done_twice_is_seen() -> None:
    def twice() -> None:
        carried()
        carried()

    assert ratio(twice, carried, enough=0) > 1.6
