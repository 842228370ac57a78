"""Limits on the cost of a trade, relative to a bare loop over the same input in the same process: a doubling fails the test.

The limits are ratios of CPU time: the minimum of several short turns of both, which alternate, so a busy machine has little influence. A limit is
about 1.5 times the ratio that was measured when it was set. If a change raises the cost on purpose, it also raises the limit and documents the reason.
"""

import time
from collections.abc import Callable

import msgspec
import pytest

from adapters.finnhub.protocol import parse_message
from adapters.system_clock import system_clock
from bench.harness.workload import frames
from bench.programs import embedded_engine, producer_throughput
from domain.feed import Frame
from domain.intake import Intake
from domain.record import decode, encode
from domain.rules import Rules

TURNS = 15
PAYLOADS = frames(2_000, 10)
NOW_MS = system_clock()


def encode_frames() -> list[bytes]:
    """The work of the producer on frames, up to Kafka."""
    intake = Intake(source="gate")
    records = []
    for payload in PAYLOADS:
        frame = parse_message(payload, NOW_MS)
        assert isinstance(frame, Frame)
        records += [encode(trade) for trade in intake.accept(frame).trades]
    return records


def encode_frames_bare() -> list[bytes]:
    read, write = producer_throughput.decoder(), producer_throughput.encoder()
    return [write(producer_throughput.record(trade, NOW_MS)) for payload in PAYLOADS for trade in read(payload).data]


RECORDS = encode_frames()


def decode_records() -> None:
    rules = Rules()
    for value in RECORDS:
        decode(value, appended_ms=NOW_MS, rules=rules)


def decode_records_bare() -> None:
    read = msgspec.json.Decoder(producer_throughput.Record).decode
    for value in RECORDS:
        read(value)


@pytest.mark.parametrize(
    ("work", "bare", "limit"),
    [
        (encode_frames, encode_frames_bare, 5.3),
        (decode_records, decode_records_bare, 7.1),
        (lambda: embedded_engine.tapeline(PAYLOADS), lambda: embedded_engine.bare(PAYLOADS), 6.7),
    ],
    ids=["frames to records", "records to trades", "frames to candles"],
)
def test_a_trade_costs_at_most_a_multiple_of_a_bare_loop(
    work: Callable[[], object], bare: Callable[[], object], limit: float
) -> None:
    assert ratio(work, bare, enough=limit) <= limit


def ratio(work: Callable[[], object], bare: Callable[[], object], *, enough: float) -> float:
    """Return the ratio of the minimum CPU times. Stop early once it is at most `enough`."""
    minimum, minimum_bare = float("inf"), float("inf")
    for turn in range(TURNS):
        minimum_bare = min(minimum_bare, cpu_s(bare))
        minimum = min(minimum, cpu_s(work))
        if turn >= 4 and minimum / minimum_bare <= enough:
            break
    return minimum / minimum_bare


def cpu_s(work: Callable[[], object]) -> float:
    started_s = time.process_time()
    work()
    return time.process_time() - started_s


def test_doubled_work_exceeds_a_limit() -> None:
    def twice() -> None:
        encode_frames()
        encode_frames()

    assert ratio(twice, encode_frames, enough=0) > 1.6
