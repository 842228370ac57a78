from bench.harness.runs import Run


def test_a_run_is_read_from_its_report() -> None:
    run = Run(items=3, wall_s=1.5, cpu_s=0.25, extra={"p99_ms": 2.0})
    assert Run.read('{"items": 3, "wall_s": 1.5, "cpu_s": 0.25, "p99_ms": 2.0}\n') == run
