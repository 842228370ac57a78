from pathlib import Path

from bench.page import Section, write
from bench.runs import Run
from bench.table import comparison, figure


def section(part: str, body: str) -> Section:
    return Section(part=part, title=part.title(), body=body)


def test_a_part_measured_anew_replaces_its_own_section_alone(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    for part, body in (("domain", "first"), ("spark", "other"), ("domain", "second")):
        write(section(part, body), page)
    text = page.read_text()
    assert text.count("## Domain") == text.count("## Spark") == text.count("# Performance\n") == 1
    assert "first" not in text
    assert text.index("second") < text.index("other")


def test_a_section_says_how_and_where_it_was_measured(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    write(section("domain", "figures"), page)
    text = page.read_text()
    assert "`make bench-domain` on 20" in text
    assert "cores" in text


def test_figures_have_three_digits_that_count() -> None:
    assert [figure(value) for value in (0, 0.012345, 1.5, 12.345, 123.4, 999.6, 123_456)] == [
        "0", "0.0123", "1.5", "12.3", "123", "1,000", "123,000",
    ]  # fmt: skip


def test_ratios_compare_what_ran_in_the_same_round() -> None:
    slow = [Run(items=100, wall_s=2.0, cpu_s=1.0), Run(items=100, wall_s=8.0, cpu_s=4.0)]
    fast = [Run(items=100, wall_s=1.0, cpu_s=0.5), Run(items=100, wall_s=4.0, cpu_s=2.0)]
    row = next(line for line in comparison({"slow": slow, "fast": fast}, "fast").splitlines() if "slow" in line)
    assert row.count("0.5 · **0.5** · 0.5") == 2


def test_a_report_reads_back() -> None:
    run = Run(items=3, wall_s=1.5, cpu_s=0.25, extra={"p99_ms": 2.0})
    assert Run.read('{"items": 3, "wall_s": 1.5, "cpu_s": 0.25, "p99_ms": 2.0}\n') == run
