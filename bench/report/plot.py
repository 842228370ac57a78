"""Plots for `docs/performance.md`, as SVG that changes only where figures change."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.harness.runs import Run, Spread
from bench.report.page import IMAGES, PAGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def bars(name: str, title: str, runs: Mapping[str, list[Run]], *, unit: str = "trades/s") -> str:
    """Draw the median rate of each path with a line from minimum to maximum; gives the Markdown that shows it."""
    # Only where something is drawn: the checks run without it.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "tapeline"
    mpl.rcParams["svg.fonttype"] = "none"
    rates = [Spread.of(run.rate for run in own) for own in runs.values()]
    medians = [rate.median for rate in rates]
    errors = [[rate.median - rate.least for rate in rates], [rate.most - rate.median for rate in rates]]
    drawing = Figure(figsize=(8, 0.8 + 0.4 * len(runs)), layout="constrained")
    axes = drawing.subplots()
    axes.barh(list(runs), medians, xerr=errors, color="#4c72b0", ecolor="#222222", capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_title(title, loc="left", fontsize="medium")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return save(name, title, drawing)


def lines(name: str, title: str, minutes: Sequence[float], series: Mapping[str, Sequence[float]]) -> str:
    """Draw each series over minutes, from 0 on; gives the Markdown that shows it."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "tapeline"
    mpl.rcParams["svg.fonttype"] = "none"
    drawing = Figure(figsize=(8, 3), layout="constrained")
    axes = drawing.subplots()
    for label, values in series.items():
        axes.plot(minutes, values, label=label)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("minutes")
    axes.set_title(title, loc="left", fontsize="medium")
    axes.legend(frameon=False, fontsize="small")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return save(name, title, drawing)


def save(name: str, title: str, drawing: "Figure") -> str:
    """Write a figure of matplotlib beside the page's other images; gives the Markdown that shows it."""
    file = IMAGES / f"performance-{name}.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(file, metadata={"Date": None})
    # Lines of an SVG path end in blanks; without them no editor changes the file.
    file.write_text("\n".join(line.rstrip() for line in file.read_text().splitlines()) + "\n")
    return f"![{title}]({_from_page(file)})"


def _from_page(file: Path) -> str:
    return file.relative_to(PAGE.parent).as_posix()
