"""`docs/performance.md`: the results of each part between its own markers, so that one part can be measured again without the others."""

import datetime as dt
import os
import platform
from pathlib import Path

import attrs

from bench.harness.variants import ROOT

PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
_TITLE = """# Performance

`make bench` writes this page, and `make bench-PART` one section of it. The text is in `bench/`: edit it there. How to read the figures:

- Figures are minimum · **median** · maximum over the rounds. Each round runs every variant once, so a ratio compares runs of the same round.
- CPU time is that of the whole process, including the threads of its libraries. On a shared machine it is more reliable than wall time.
- The broker and the sender of the frames run on the same cores as the measured program.
"""


@attrs.frozen(kw_only=True)
class Section:
    """The results of one part."""

    part: str
    """The name of the part on the command line."""
    title: str
    body: str
    """Markdown, without the title."""


def write(section: Section, page: Path = PAGE) -> None:
    """Write a section to the page: in place of the earlier section of the same part, or at the end."""
    text = page.read_text() if page.exists() else _TITLE
    begin, end = f"<!-- {section.part}: begin -->", f"<!-- {section.part}: end -->"
    block = f"{begin}\n\n## {section.title}\n\n{_provenance(section.part)}\n\n{section.body.strip()}\n\n{end}"
    before, found, rest = text.partition(begin)
    page.write_text(before + block + rest.partition(end)[2] if found else f"{text.rstrip()}\n\n{block}\n")


def _provenance(part: str) -> str:
    today = dt.datetime.now(dt.UTC).date()
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{_processor()}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()} {platform.release()}"
    load = f"load average at the end {os.getloadavg()[0]:.1f}"
    return f"`make bench-{part}` on {today}; {machine}; Python {platform.python_version()}; {load}."


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
