"""From the start of `tapeline live` to the first candle that it prints: how long a new user waits."""

import re
import resource
import subprocess
import sys
import time

from bench.harness.runs import Run
from bench.harness.variants import ROOT

_CANDLE = re.compile(r" o [\d.]+  h [\d.]+  l [\d.]+  c [\d.]+  v ")


def main() -> None:
    """Measure one start. Raise RuntimeError if the program ends without a candle."""
    started_s = time.perf_counter()
    command = (sys.executable, "-m", "apps.live")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = any(_CANDLE.search(line) for line in process.stdout)
        wall_s = time.perf_counter() - started_s
        process.kill()
    if not printed:
        raise RuntimeError("tapeline live printed no candle")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    Run(items=1, wall_s=wall_s, cpu_s=used.ru_utime + used.ru_stime).report()


if __name__ == "__main__":
    main()
