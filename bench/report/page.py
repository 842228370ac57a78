"""`docs/performance.md`: each part's results between its own markers, so that one part can be measured anew without the others."""

import datetime as dt
import os
import platform
from pathlib import Path

import attrs

from bench.harness.runs import ROOT

PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
_TITLE = """# Performance

Written by `make bench`, or for one part by `make bench-PART`; edit the words in `bench/`, not here. How to read it:

- Figures are minimum · **median** · maximum over the rounds. Each round runs every path once, so ratios compare what ran side by side.
- CPU time is that of the whole process, threads of its libraries included. On a shared machine it says more than the clock does.
- The broker, and whoever sends the frames, run on the same cores as what is measured.
"""


@attrs.frozen(kw_only=True)
class Section:
    """The results of one part."""

    part: str
    """Its name on the command line."""
    title: str
    body: str
    """Markdown, without the title."""


def write(section: Section, page: Path = PAGE) -> None:
    """Put a section into the page, in the place of an older one of the same part, or else at the end."""
    text = page.read_text() if page.exists() else _TITLE
    begin, end = f"<!-- {section.part}: begin -->", f"<!-- {section.part}: end -->"
    block = f"{begin}\n\n## {section.title}\n\n{_where(section.part)}\n\n{section.body.strip()}\n\n{end}"
    before, found, rest = text.partition(begin)
    page.write_text(before + block + rest.partition(end)[2] if found else f"{text.rstrip()}\n\n{block}\n")


def _where(part: str) -> str:
    today = dt.datetime.now(dt.UTC).date()
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{_processor()}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()} {platform.release()}"
    load = f"load average at the end {os.getloadavg()[0]:.1f}"
    return f"`make bench-{part}` on {today}; {machine}; Python {platform.python_version()}; {load}."


def _processor() -> str:
    names = Path("/proc/cpuinfo")
    if names.exists():
        for line in names.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
