"""The verdicts of the newest reported day as metrics: how many symbols have each verdict, and which day it is."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from domain.day_report import DayReport, Verdict
from domain.window import day_start_ms
from ports.errors import StoreError


class ReportMetrics(Collector):
    """Reads the reports of one day when it is scraped. Without a report, or while the store is not readable, it has no metric."""

    def __init__(self, read: Callable[[], Sequence[DayReport]]) -> None:
        self._read = read

    def describe(self) -> list[GaugeMetricFamily]:
        """Return nothing, so that registering reads no store."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics of the reports."""
        try:
            reports = self._read()
        except StoreError:
            return
        if not reports:
            return
        counts = Counter(report.verdict for report in reports)
        symbols = GaugeMetricFamily(
            "tapeline_report_verdicts", "Symbols by the verdict of the newest reported day", labels=["verdict"]
        )
        for verdict in Verdict:
            symbols.add_metric([str(verdict)], counts[verdict])
        yield symbols
        yield GaugeMetricFamily(
            "tapeline_report_day_timestamp_seconds",
            "Midnight UTC of the newest reported day",
            value=day_start_ms(reports[0].day) / 1000,
        )
