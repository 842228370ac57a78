import importlib
import os
import signal
import sys
import time
from typing import Final

import click

from bench.parts.long_runs import KINDS, run_long
from bench.report import page

PARTS: Final = ("domain", "producer", "spark", "cassandra", "e2e", "sizes", "secure", "days")
"""Modules of `bench.parts` that run by default, in the order of the page."""
GROWTH: Final = "growth"
"""Also a module of `bench.parts`. It takes long, so it runs only when it is named."""
LONG: Final = tuple(KINDS)
"""Parts of `bench.parts.long_runs`. Each takes longer than the default parts together, so it runs only when it is named."""


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice((*PARTS, GROWTH, *LONG)))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="Runs of each variant")
@click.option(
    "--write/--no-write",
    default=True,
    help="Write the section of docs/performance.md, or only print it (plots are written in both cases)",
)
@click.option(
    "--rate", type=click.FloatRange(min=100), help="Trades per second of hold and soak  [default: 15000, 7500]"
)
@click.option("--minutes", type=click.IntRange(min=1), help="Duration of hold and soak  [default: 10, 30]")
def main(parts: tuple[str, ...], rounds: int, write: bool, rate: float | None, minutes: int | None) -> None:
    """Measure the PARTS. The default is all of them except growth, hold and soak, which take long."""
    # A part's child processes end with the part.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for part in parts or PARTS:
        started_s = time.monotonic()
        print(f"{part}: started, load average {os.getloadavg()[0]:.1f}", flush=True)
        section = run_long(part, rate, minutes, progress) if part in LONG else _run(part, rounds)
        if write:
            page.write(section)
        print(section.body)
        print(f"{part}: took {time.monotonic() - started_s:.0f} s", flush=True)


def _run(part: str, rounds: int) -> page.Section:
    section: page.Section = importlib.import_module(f"bench.parts.{part}").run(rounds, progress)
    return section


def progress(text: str) -> None:
    """Print a line of progress."""
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    main(prog_name="python -m bench")
