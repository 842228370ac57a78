"""Part `producer`: from the WebSocket to acknowledged in Kafka, throughput and latency, beside the bare clients."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Profile, ensure_topics
from bench.harness.runs import ROOT, Measured, Run, Spread, in_turns
from bench.harness.workload import SYMBOLS, frames, write_frames
from bench.report import plot
from bench.report.page import Section
from bench.report.table import comparison, spread, table
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

TRADES: Final = 300_000
TRADES_A_FRAME: Final = 10
SINGLES: Final = 120_000
STEADY_FRAMES_PER_S: Final = 500
STEADY_S: Final = 16
TOPIC: Final = "trades"
BOUND: Final = "bare: decode, encode, produce"
READING: Final = "bare: read the WebSocket"
_LATENCIES: Final = {"write": "produced to acknowledged", "added": "frame read to produced"}


def run(rounds: int, say: Callable[[str], None]) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("starting Kafka")
        with guarded(Stack(name="bench", home=folder, cassandra=False)) as stack:
            servers = stack.bootstrap_servers
            ensure_topics(KafkaSettings(bootstrap_servers=servers), profile=Profile.DEV)
            tens = _throughput(folder / "tens", servers, TRADES, TRADES_A_FRAME, rounds, say)
            singles = _throughput(folder / "singles", servers, SINGLES, 1, rounds, say)
            steady = _latency(folder / "steady", servers, rounds, say)
    return Section(part="producer", title="The producer", body=_body(tens, singles, steady, rounds))


def _throughput(
    file: Path, servers: str, trades: int, trades_a_frame: int, rounds: int, say: Callable[[str], None]
) -> dict[str, list[Run]]:
    say(f"full speed, {trades_a_frame} trades a frame")
    write_frames(file, frames(trades, trades_a_frame))
    with _server(file) as url:
        paths = (
            Measured.loop("tapeline", "producer_throughput", "tapeline", servers, TOPIC, url, trades),
            Measured.loop(BOUND, "producer_throughput", "bare", servers, TOPIC, file, trades),
            Measured.loop(READING, "read_websocket", url, trades // trades_a_frame, trades_a_frame),
        )
        return in_turns(paths, rounds, say)


def _latency(file: Path, servers: str, rounds: int, say: Callable[[str], None]) -> dict[str, list[Run]]:
    count = STEADY_FRAMES_PER_S * STEADY_S
    say(f"steady, {STEADY_FRAMES_PER_S * TRADES_A_FRAME} trades a second")
    write_frames(file, frames(count * TRADES_A_FRAME, TRADES_A_FRAME))
    with _server(file, STEADY_FRAMES_PER_S) as url:
        tail = (count, STEADY_FRAMES_PER_S)
        paths = (
            Measured.loop("tapeline", "producer_latency", "tapeline", servers, TOPIC, url, *tail),
            Measured.loop("bare producer", "producer_latency", "bare", servers, TOPIC, file, *tail),
        )
        return in_turns(paths, rounds, say)


@contextmanager
def _server(*args: object) -> Iterator[str]:
    """Run a WebSocket server; gives its address."""
    command = (sys.executable, "-m", "bench.programs.websocket_server", *map(str, args))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"ws://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def _body(
    tens: Mapping[str, list[Run]], singles: Mapping[str, list[Run]], steady: Mapping[str, list[Run]], rounds: int
) -> str:
    return f"""
One Kafka broker of the dev stack, 4 partitions, one copy; {SYMBOLS} symbols, about 200 bytes a record; {rounds} rounds.
tapeline is the producer as it is wired, metrics included: it reads a WebSocket, decodes, validates, identifies, encodes, and publishes with a delivery
report a record. `{BOUND}` has the frames in memory, does nothing but what its name says with msgspec and confluent-kafka, under the same properties of
the client, and cannot replace a producer that dies. `{READING}` is websocket-client's `recv_data` and nothing else.

### Full speed, {TRADES_A_FRAME} trades a frame

{TRADES:,} trades; the first fifth is a warm-up and left out.

{comparison(tens, BOUND)}

{plot.bars("producer", f"WebSocket to acknowledged, {TRADES_A_FRAME} trades a frame", tens)}

### Full speed, one trade a frame

{SINGLES:,} frames; the first fifth is a warm-up and left out.

{comparison(singles, READING)}

### Latency at a steady {STEADY_FRAMES_PER_S * TRADES_A_FRAME:,} trades/s

{STEADY_S} s a run, of which the first quarter is a warm-up and left out; quantiles over all records of a run, in ms.

{_latency_table(steady)}
"""


def _latency_table(steady: Mapping[str, list[Run]]) -> str:
    rows = []
    for path, runs in steady.items():
        for name, words in _LATENCIES.items():
            found = [f"{name}_p{quantile}_ms" for quantile in ("50", "99", "99.9")]
            if found[0] in runs[0].extra:
                figures = [spread(Spread.of(each.extra[key] for each in runs)) for key in found]
                rows.append([f"{path}: {words}", *figures])
    return table(["ms", "p50", "p99", "p99.9"], rows)
