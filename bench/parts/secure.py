"""Part `secure`: what TLS, passwords, rights and encryption on disk cost, by the same work on a plain and on a secure stack."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from adapters.kafka.topics import Profile, ensure_topics
from apps.local_stack.parts import Servers
from bench.harness.pipeline import MARKERS, Pipeline
from bench.harness.pipeline_phases import start_warm
from bench.harness.runs import Run
from bench.harness.steps import Step, run_step
from bench.harness.store_reader import StoreReader
from bench.harness.topics import PARTITIONS, fill
from bench.harness.variants import Variant, run_in_turns
from bench.harness.websocket import serving
from bench.harness.workload import SYMBOLS, frames, write_frames
from bench.report.page import Section
from bench.report.security_tables import PLAIN, SECURE, latency_table, throughput_table
from bench.report.step_tables import summary
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from devstack.stack.orphan_watch import guarded

STACKS: Final = {PLAIN: False, SECURE: True}
TRADES: Final = 300_000
TRADES_PER_FRAME: Final = 10
CANDLE_TRADES: Final = 1_000_000
CANDLE_BATCH: Final = 200_000
"""Less than the aggregator's default, so that several micro-batches are left after the warm-up."""
ROWS: Final = 600_000
RATES: Final = (2_000, 10_000)
TRIGGER_S: Final = 1.0
SETTLE_S: Final = 6.0
STEP_S: Final = 15.0
TIMEOUT_S: Final = 600.0
_COUNTS: Final = {"producer": TRADES, "candles": CANDLE_TRADES, "rows": ROWS}
_TITLES: Final = {
    "producer": "producer: WebSocket to acknowledgement",
    "candles": "Spark: Kafka to candles",
    "rows": "Spark: Kafka to raw trades in Cassandra",
}

Turns = Mapping[str, list[Run]]


def run(rounds: int, progress: Callable[[str], None]) -> Section:
    """Measure the part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        throughput = _throughput(folder / "throughput", rounds, progress)
        latencies = {stack: _latencies(folder / stack, stack, rounds, progress) for stack in STACKS}
    return Section(part="secure", title="The cost of security", body=_body(throughput, latencies, rounds))


@attrs.frozen(kw_only=True)
class Target:
    """A stack that is up, and the variables of a program that may do everything on it."""

    name: str
    stack: Stack
    variables: Mapping[str, str]

    @classmethod
    def of(cls, name: str, stack: Stack) -> "Target":
        """Return a stack as a target, with the topics of the producer."""
        servers = Servers.of(stack, user=ADMIN, role=ADMIN)
        ensure_topics(servers.kafka, profile=Profile.DEV)
        return cls(name=name, stack=stack, variables=servers.variables())

    def fill(self, topic: str, folder: Path) -> Path:
        """Fill a topic. Return the file of its candles."""
        servers, count = self.stack.bootstrap_servers, _COUNTS[topic]
        folder.mkdir(exist_ok=True)
        return fill(servers, topic, count, folder, variables=self.variables)

    def variant(self, module: str, *args: object) -> Variant:
        """Return a program that works on this stack."""
        return Variant.of_program(self.name, module, *args, variables=self.variables)


def _throughput(folder: Path, rounds: int, progress: Callable[[str], None]) -> Mapping[str, Turns]:
    """Run each kind of work on both stacks in turns. Both are up, and one of them is idle."""
    folder.mkdir()
    progress("starting a plain and a secure stack")
    with (
        guarded(Stack(name=PLAIN, home=folder)) as plain,
        guarded(Stack(name=SECURE, home=folder, secure=True)) as secure,
    ):
        targets = [Target.of(PLAIN, plain), Target.of(SECURE, secure)]
        return {
            "producer": _producer(targets, folder / "frames", rounds, progress),
            "candles": _candles(targets, folder, rounds, progress),
            "rows": _rows(targets, folder, rounds, progress),
        }


def _producer(targets: Sequence[Target], file: Path, rounds: int, progress: Callable[[str], None]) -> Turns:
    progress(f"producer: {_COUNTS['producer']:,} trades")
    write_frames(file, frames(_COUNTS["producer"], TRADES_PER_FRAME))
    with serving(file) as url:
        args = ("trades", url, _COUNTS["producer"])
        variants = [
            each.variant("producer_throughput", "tapeline", each.stack.bootstrap_servers, *args) for each in targets
        ]
        return run_in_turns(variants, rounds, progress)


def _candles(targets: Sequence[Target], folder: Path, rounds: int, progress: Callable[[str], None]) -> Turns:
    progress(f"candles: {_COUNTS['candles']:,} trades")
    variants = []
    for each in targets:
        expected = each.fill("candles", folder / each.name)
        args = (each.stack.bootstrap_servers, "candles", _COUNTS["candles"], expected, "local[2]", CANDLE_BATCH)
        variants.append(each.variant("spark_candles", *args))
    return run_in_turns(variants, rounds, progress, timeout_s=TIMEOUT_S)


def _rows(targets: Sequence[Target], folder: Path, rounds: int, progress: Callable[[str], None]) -> Turns:
    progress(f"raw trades: {_COUNTS['rows']:,} trades")
    variants = []
    for each in targets:
        each.fill("rows", folder / each.name)
        address = (each.stack.cassandra_hosts[0], each.stack.cassandra_port)
        args = (each.stack.bootstrap_servers, "rows", _COUNTS["rows"], folder / "unused", *address)
        variants.append(each.variant("spark_rows", "query", *args))
    return run_in_turns(variants, rounds, progress, timeout_s=TIMEOUT_S)


def _latencies(folder: Path, stack: str, rounds: int, progress: Callable[[str], None]) -> Mapping[int, Sequence[Step]]:
    """Run the whole pipeline on a stack of its own, each program as the user that it has there. Return the steps by rate."""
    folder.mkdir(exist_ok=True)
    steps: dict[int, list[Step]] = {rate: [] for rate in RATES}
    with (
        Pipeline(folder, progress, secure=STACKS[stack]) as pipeline,
        StoreReader(pipeline.servers.cassandra, MARKERS) as reader,
    ):
        start_warm(pipeline, TRIGGER_S, progress)
        for number in range(1, rounds + 1):
            for rate in RATES:
                step = run_step(pipeline, reader, rate, settle_s=SETTLE_S, seconds=STEP_S)
                steps[rate].append(step)
                progress(f"{stack}, round {number} of {rounds}: {summary(step)}")
    return steps


def _body(throughput: Mapping[str, Turns], latencies: Mapping[str, Mapping[int, Sequence[Step]]], rounds: int) -> str:
    return f"""
The same work on a plain stack and on a secure one (`make stack ARGS="--secure"`): TLS on every connection, SCRAM, an authorizer, Cassandra's passwords and
roles, Spark's own encryption, and an encrypted commit log. One broker and one node on the same cores as the programs; {SYMBOLS} symbols,
{PARTITIONS} partitions; {rounds} rounds.

### Throughput

Both stacks are up, and each round runs the work on one and then on the other. {_COUNTS["producer"]:,} trades for the producer, {_COUNTS["candles"]:,} for candles,
{_COUNTS["rows"]:,} for raw trades, each with the same warm-up as in its own section above. CPU time is that of the program and excludes the servers.

{throughput_table({_TITLES[name]: turns for name, turns in throughput.items()})}

### Latency

From a frame to a readable row, as in "End to end" above, at a steady rate with a trigger of {TRIGGER_S:g} s: {STEP_S:.0f} s per step; the 95th percentile in
seconds. Each stack runs alone, the plain one first, after the same warm-up.

{latency_table(latencies)}
"""
