import importlib
import os
import signal
import sys
import time
from typing import Final

import click

from bench.parts.long_runs import KINDS, run_long
from bench.report import page

PARTS: Final = ("domain", "producer", "spark", "cassandra", "e2e", "sizes")
"""Each is a module of this package with `run(rounds, say)`, which measures and gives a section of the page; in the order of the page."""
LONG: Final = tuple(KINDS)
"""Only where they are named: each takes longer than all the others together may."""
GROWTH: Final = "growth"
"""A part like the others, but so long that it is measured only where it is named."""


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice((*PARTS, GROWTH, *LONG)))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="How often each path runs")
@click.option(
    "--write/--no-write",
    default=True,
    help="Write the section of docs/performance.md, or show it only (plots are drawn anyway)",
)
@click.option("--rate", type=click.FloatRange(min=100), help="Trades a second of hold and soak  [default: theirs]")
@click.option("--minutes", type=click.IntRange(min=1), help="How long hold and soak go on  [default: 10 and 30]")
def main(parts: tuple[str, ...], rounds: int, write: bool, rate: float | None, minutes: int | None) -> None:
    """Measure the PARTS: without any all but growth, hold and soak, which take long and run only where they are named."""
    # So that what a part has started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for part in parts or PARTS:
        begun_s = time.monotonic()
        print(f"{part}: begins, load average {os.getloadavg()[0]:.1f}", flush=True)
        section = run_long(part, rate, minutes, say) if part in LONG else _run(part, rounds)
        if write:
            page.write(section)
        print(section.body)
        print(f"{part}: took {time.monotonic() - begun_s:.0f} s", flush=True)


def _run(part: str, rounds: int) -> page.Section:
    section: page.Section = importlib.import_module(f"bench.parts.{part}").run(rounds, say)
    return section


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    main(prog_name="python -m bench")
