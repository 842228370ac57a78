"""Reports of days in memory, by day and symbol."""

import threading
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Self

from domain.day_report import DayReport


class MemoryReportStore:
    """A `ports.report_store.ReportStore`. Reports stay readable after `close`, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: dict[tuple[date, str], DayReport] = {}

    def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def write(self, reports: Iterable[DayReport]) -> None:
        """Store reports; a stored report of the same day and symbol is replaced."""
        with self._lock:
            for report in reports:
                self._reports[report.day, report.symbol] = report

    def read(self, day: date) -> Iterator[DayReport]:
        """Return the reports of a day, by symbol."""
        with self._lock:
            found = [report for report in self._reports.values() if report.day == day]
        return iter(sorted(found, key=lambda report: report.symbol))

    def close(self) -> None:
        """Do nothing: the reports stay readable."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
