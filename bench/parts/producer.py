"""Part `producer`: from the WebSocket to acknowledgement, throughput and latency, compared with the bare clients."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from bench.harness.runs import Run
from bench.harness.spread import Spread
from bench.harness.variants import Variant, run_in_turns
from bench.harness.websocket import serving
from bench.harness.workload import SYMBOLS, frames, write_frames
from bench.report import plot
from bench.report.figures import spread
from bench.report.page import Section
from bench.report.table import comparison, table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES: Final = 300_000
TRADES_PER_FRAME: Final = 10
SINGLES: Final = 120_000
STEADY_FRAMES_PER_S: Final = 500
STEADY_S: Final = 16
TOPIC: Final = "trades"
BASELINE: Final = "bare: decode, encode, produce"
READING: Final = "bare: read the WebSocket"
_LATENCIES: Final = {"write": "produced to acknowledged", "added": "frame read to produced"}


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        progress("starting Kafka")
        with guarded(Stack(name="bench", home=folder, cassandra=False)) as stack:
            servers = stack.bootstrap_servers
            ensure_topics(KafkaSettings(bootstrap_servers=servers), profile=Profile.DEV)
            tens = _throughput(folder / "tens", servers, TRADES, TRADES_PER_FRAME, rounds, progress)
            singles = _throughput(folder / "singles", servers, SINGLES, 1, rounds, progress)
            steady = _latency(folder / "steady", servers, rounds, progress)
    return Section(part="producer", title="The producer", body=_body(tens, singles, steady, rounds))


def _throughput(
    file: Path, servers: str, trades: int, trades_per_frame: int, rounds: int, progress: Callable[[str], None]
) -> dict[str, list[Run]]:
    progress(f"full speed, {trades_per_frame} trades per frame")
    write_frames(file, frames(trades, trades_per_frame))
    with serving(file) as url:
        variants = (
            Variant.of_program("tapeline", "producer_throughput", "tapeline", servers, TOPIC, url, trades),
            Variant.of_program(BASELINE, "producer_throughput", "bare", servers, TOPIC, file, trades),
            Variant.of_program(READING, "read_websocket", url, trades // trades_per_frame, trades_per_frame),
        )
        return run_in_turns(variants, rounds, progress)


def _latency(file: Path, servers: str, rounds: int, progress: Callable[[str], None]) -> dict[str, list[Run]]:
    count = STEADY_FRAMES_PER_S * STEADY_S
    progress(f"steady rate, {STEADY_FRAMES_PER_S * TRADES_PER_FRAME} trades per second")
    write_frames(file, frames(count * TRADES_PER_FRAME, TRADES_PER_FRAME))
    with serving(file, STEADY_FRAMES_PER_S) as url:
        tail = (count, STEADY_FRAMES_PER_S)
        variants = (
            Variant.of_program("tapeline", "producer_latency", "tapeline", servers, TOPIC, url, *tail),
            Variant.of_program("bare producer", "producer_latency", "bare", servers, TOPIC, file, *tail),
        )
        return run_in_turns(variants, rounds, progress)


def _body(
    tens: Mapping[str, list[Run]], singles: Mapping[str, list[Run]], steady: Mapping[str, list[Run]], rounds: int
) -> str:
    return f"""
One Kafka broker of the dev stack, 4 partitions, one replica; {SYMBOLS} symbols, about 200 bytes per record; {rounds} rounds.
tapeline is the producer as configured by default, including its metrics: it reads a WebSocket, decodes, validates, identifies, encodes, and publishes
with one delivery report per record. `{BASELINE}` has the frames in memory and does only what its name says, with msgspec and
confluent-kafka and the same client properties; it cannot replace a producer that dies. `{READING}` calls websocket-client's `recv_data`
and does nothing else.

### Full speed, {TRADES_PER_FRAME} trades per frame

{TRADES:,} trades; the first fifth is a warm-up and excluded.

{comparison(tens, BASELINE)}

{plot.bars("producer", f"WebSocket to acknowledgement, {TRADES_PER_FRAME} trades per frame", tens)}

### Full speed, one trade per frame

{SINGLES:,} frames; the first fifth is a warm-up and excluded.

{comparison(singles, READING)}

### Latency at a steady {STEADY_FRAMES_PER_S * TRADES_PER_FRAME:,} trades/s

{STEADY_S} s per run; the first quarter is a warm-up and is excluded; quantiles over all records of a run, in ms.

{_latency_table(steady)}
"""


def _latency_table(steady: Mapping[str, list[Run]]) -> str:
    rows = []
    for variant, runs in steady.items():
        for name, title in _LATENCIES.items():
            keys = [f"{name}_p{quantile}_ms" for quantile in ("50", "99", "99.9")]
            if keys[0] in runs[0].extra:
                figures = [spread(Spread.of(each.extra[key] for each in runs)) for key in keys]
                rows.append([f"{variant}: {title}", *figures])
    return table(["ms", "p50", "p99", "p99.9"], rows)
