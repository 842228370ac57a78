import importlib
import os
import signal
import sys
import time
from typing import Final

import click

from bench import page

PARTS: Final = ("domain", "producer", "cassandra")
"""Each is a module of this package with `run(rounds, say)`, which measures and gives a section of the page; in the order of the page."""


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="How often each path runs")
@click.option(
    "--write/--no-write",
    default=True,
    help="Write the section of docs/performance.md, or show it only (plots are drawn anyway)",
)
def main(parts: tuple[str, ...], rounds: int, write: bool) -> None:
    """Measure the PARTS, all unless some are named."""
    # So that what a part has started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for part in parts or PARTS:
        begun_s = time.monotonic()
        print(f"{part}: begins, load average {os.getloadavg()[0]:.1f}", flush=True)
        section = importlib.import_module(f"bench.{part}").run(rounds, lambda text: print(f"  {text}", flush=True))
        if write:
            page.write(section)
        print(section.body)
        print(f"{part}: took {time.monotonic() - begun_s:.0f} s", flush=True)


if __name__ == "__main__":
    main(prog_name="python -m bench")
