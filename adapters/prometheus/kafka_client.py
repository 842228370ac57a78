"""The statistics of librdkafka, and the time from publishing each record to its acknowledgement.

An observer of the Kafka publisher: in its thread it receives the latency of records, and once a second librdkafka's statistics
(https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md), whose times are in microseconds.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from .tally import Tally

PUBLISH_BOUNDS_S: Final = (
    0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009, 0.01, 0.0125, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25,
    0.5, 1, 2.5, 5, 10, 30, 60,
)  # fmt: skip
_PREFIX: Final = "tapeline_kafka_client_"
_QUANTILES: Final = {"0.5": "p50", "0.99": "p99"}
_TIMES: Final = {
    "request_seconds": ("rtt", "Round-trip time of a request, over the last second"),
    "queue_seconds": ("int_latency", "Time that records waited before they were sent, over the last second"),
}
_COUNTS: Final = {
    "requests": ("tx", "Requests sent"),
    "sent_bytes": ("txbytes", "Bytes sent"),
    "retries": ("txretries", "Retried requests"),
    "request_errors": ("txerrs", "Requests that could not be sent"),
    "request_timeouts": ("req_timeouts", "Requests that timed out"),
}
_SIZES: Final = {
    "queued_bytes": ("msg_size", "Bytes that are buffered or in flight"),
    "buffer_bytes": ("msg_size_max", "Maximum number of bytes that are buffered or in flight"),
}


class KafkaClientMetrics:
    """Collects the reports of a Kafka publisher about its client."""

    def __init__(self, registry: CollectorRegistry, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._reported_at = monotonic()
        self._report: Mapping[str, Any] = {}
        self._latency = Tally(
            "tapeline_publish_latency_seconds",
            "Time from publishing to acknowledgement, for each record",
            PUBLISH_BOUNDS_S,
            registry,
        )
        registry.register(self)

    @property
    def brokers_up(self) -> int:
        """Brokers with an open connection."""
        # A broker can be listed twice, as a bootstrap server and as a node.
        brokers = self._report.get("brokers", {}).values()
        return len({broker["nodename"] for broker in brokers if broker["state"] == "UP" and broker["nodename"]})

    @property
    def seconds_since_report(self) -> float:
        """The time since the client's last report (s). It reports once a second while its publisher works, and while that waits for room."""
        return self._monotonic() - self._reported_at

    def acknowledged(self, latencies_s: Iterable[float]) -> None:
        """Record the latencies of acknowledged records (s)."""
        self._latency.observe_all(latencies_s)

    def statistics(self, report: Mapping[str, Any]) -> None:
        """Record librdkafka's statistics."""
        self._report = report
        self._reported_at = self._monotonic()

    def collect(self) -> Iterator[Metric]:
        """Yield the latest statistics for a scrape."""
        report = self._report
        brokers = {
            str(broker["nodeid"]): broker for broker in report.get("brokers", {}).values() if broker["nodeid"] >= 0
        }
        yield GaugeMetricFamily(f"{_PREFIX}brokers_up", "Brokers with an open connection", self.brokers_up)
        for name, (key, text) in _TIMES.items():
            times = GaugeMetricFamily(_PREFIX + name, text, labels=["broker", "quantile"])
            for node, broker in brokers.items():
                for quantile, field in _QUANTILES.items():
                    times.add_metric([node, quantile], broker[key][field] / 1_000_000)
            yield times
        for name, (key, text) in _COUNTS.items():
            counts = CounterMetricFamily(_PREFIX + name, text, labels=["broker"])
            for node, broker in brokers.items():
                counts.add_metric([node], broker[key])
            yield counts
        for name, (key, text) in _SIZES.items():
            yield GaugeMetricFamily(_PREFIX + name, text, report.get(key, 0))
