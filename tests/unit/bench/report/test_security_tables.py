from bench.harness.latencies import Latencies
from bench.harness.runs import Run
from bench.harness.steps import Step
from bench.report.security_tables import PLAIN, SECURE, latency_table, throughput_table


def run(rate: float, cpu_s: float) -> Run:
    return Run(items=1000, wall_s=1000 / rate, cpu_s=cpu_s)


def test_rates_and_cpu_times_are_compared_within_a_round() -> None:
    turns = {PLAIN: [run(1000, 1), run(2000, 1)], SECURE: [run(900, 1.1), run(1800, 1.1)]}
    last = throughput_table({"producer": turns}).splitlines()[-1]
    assert last == (
        "| producer | 1,000 · **1,500** · 2,000 | 900 · **1,350** · 1,800 | 0.9 · **0.9** · 0.9 | 1.1 · **1.1** · 1.1 |"
    )


def step(latency_ms: float) -> Step:
    latencies = Latencies(trades=[latency_ms], candles=[2 * latency_ms], feed=[1.0], complete=True)
    return Step(
        rate=2000, carried=2000, latencies=latencies, cores={}, rss={}, micro_batches={}, kafka_bytes_per_trade=0
    )


def test_latencies_are_compared_by_their_medians() -> None:
    lines = latency_table({PLAIN: {2000: [step(1000)]}, SECURE: {2000: [step(1200)]}}).splitlines()
    assert lines[2:] == [
        "| 2,000/s: trades | 1 · **1** · 1 | 1.2 · **1.2** · 1.2 | 1.20 |",
        "| 2,000/s: candles | 2 · **2** · 2 | 2.4 · **2.4** · 2.4 | 1.20 |",
    ]
