"""Plots for `docs/performance.md`, as SVG files that change only if the figures change."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bench.harness.runs import Run
from bench.harness.spread import Spread
from bench.report.page import IMAGES, PAGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def bars(name: str, title: str, runs: Mapping[str, list[Run]], *, unit: str = "trades/s") -> str:
    """Draw the median rate of each variant with a line from minimum to maximum. Return the Markdown of the image."""
    rates = [Spread.of(run.rate for run in own) for own in runs.values()]
    medians = [rate.median for rate in rates]
    errors = [[rate.median - rate.minimum for rate in rates], [rate.maximum - rate.median for rate in rates]]
    drawing, axes = _drawing(title, height=0.8 + 0.4 * len(runs))
    axes.barh(list(runs), medians, xerr=errors, color="#4c72b0", ecolor="#222222", capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    return _save(name, title, drawing)


def lines(name: str, title: str, minutes: Sequence[float], series: Mapping[str, Sequence[float]]) -> str:
    """Draw each series over the minutes. Return the Markdown of the image."""
    drawing, axes = _drawing(title, height=3)
    for label, values in series.items():
        axes.plot(minutes, values, label=label)
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("minutes")
    axes.legend(frameon=False, fontsize="small")
    return _save(name, title, drawing)


def _drawing(title: str, *, height: float) -> "tuple[Figure, Axes]":
    """Return an empty drawing of a height in inches."""
    # The checks run without matplotlib, so it is imported only here.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams["svg.hashsalt"] = "tapeline"
    mpl.rcParams["svg.fonttype"] = "none"
    drawing = Figure(figsize=(8, height), layout="constrained")
    axes = drawing.subplots()
    axes.set_title(title, loc="left", fontsize="medium")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return drawing, axes


def _save(name: str, title: str, drawing: "Figure") -> str:
    file = IMAGES / f"performance-{name}.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(file, metadata={"Date": None})
    # matplotlib leaves trailing spaces, which many editors remove.
    file.write_text("\n".join(line.rstrip() for line in file.read_text().splitlines()) + "\n")
    return f"![{title}]({file.relative_to(PAGE.parent).as_posix()})"
