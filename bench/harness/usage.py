"""Cores and memory that processes use, each together with its child processes."""

import time
from collections.abc import Mapping
from typing import Self

import attrs
import psutil


@attrs.frozen(kw_only=True)
class Usage:
    """What each component has used up to a point in time."""

    at_s: float
    cpu_s: Mapping[str, float]
    """CPU seconds of each component since its start, by name."""
    rss: Mapping[str, int]
    """Resident memory in bytes, by name."""

    @classmethod
    def of(cls, pids: Mapping[str, int]) -> Self:
        """Return the usage of processes. A process that has ended counts as zero."""
        trees = {name: _tree(pid) for name, pid in pids.items()}
        return cls(
            at_s=time.monotonic(),
            cpu_s={name: sum(_cpu_s(each) for each in tree) for name, tree in trees.items()},
            rss={name: sum(_rss(each) for each in tree) for name, tree in trees.items()},
        )

    def cores_since(self, before: "Usage") -> dict[str, float]:
        """Return the mean number of cores that each component kept busy since `before`."""
        wall_s = self.at_s - before.at_s
        return {name: max(cpu_s - before.cpu_s.get(name, 0.0), 0.0) / wall_s for name, cpu_s in self.cpu_s.items()}


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
        return float(times.user + times.system)
    except psutil.Error:
        return 0.0


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
