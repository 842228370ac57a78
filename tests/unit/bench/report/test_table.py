from bench.harness.runs import Run
from bench.report.figures import figure
from bench.report.table import comparison


def test_figures_have_three_significant_digits() -> None:
    assert [figure(value) for value in (0, 0.012345, 1.5, 12.345, 123.4, 999.6, 123_456)] == [
        "0", "0.0123", "1.5", "12.3", "123", "1,000", "123,000",
    ]  # fmt: skip


def test_ratios_compare_runs_of_the_same_round() -> None:
    slow = [Run(items=100, wall_s=2.0, cpu_s=1.0), Run(items=100, wall_s=8.0, cpu_s=4.0)]
    fast = [Run(items=100, wall_s=1.0, cpu_s=0.5), Run(items=100, wall_s=4.0, cpu_s=2.0)]
    row = next(line for line in comparison({"slow": slow, "fast": fast}, "fast").splitlines() if "slow" in line)
    assert row.count("0.5 · **0.5** · 0.5") == 2
