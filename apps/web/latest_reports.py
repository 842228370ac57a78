"""The reports of the newest day that has any, for the page and its metrics. The store is read once a minute at most."""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from domain.day_report import DayReport
from domain.window import partition_day
from ports.clock import Clock
from ports.report_store import ReportStore

LOOKBACK_DAYS: Final = 7
READ_EVERY_S: Final = 60.0


class LatestReports:
    """Reads reports of days; any thread may read."""

    def __init__(self, store: ReportStore | None, now_ms: Clock, *, read_every_s: float = READ_EVERY_S) -> None:
        self._store = store
        self._now_ms = now_ms
        self._read_every_s = read_every_s
        self._lock = threading.Lock()
        self._found: Sequence[DayReport] = ()
        self._read_at_s: float | None = None

    def read(self) -> Sequence[DayReport]:
        """Return the reports of one day, by symbol; empty if the last week has none. Raise StoreError."""
        with self._lock:
            now_s = time.monotonic()
            if self._read_at_s is None or now_s - self._read_at_s >= self._read_every_s:
                self._found = self._read()
                self._read_at_s = now_s
            return self._found

    def _read(self) -> Sequence[DayReport]:
        if self._store is None:
            return ()
        today = partition_day(self._now_ms())
        for age in range(LOOKBACK_DAYS + 1):
            found = list(self._store.read(today - timedelta(days=age)))
            if found:
                return found
        return ()
