"""Measure the intake: the outcome of the trades of each frame, and their latency."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain.eligibility import WITHOUT_CALENDAR, EligibilityOf
from domain.feed import Frame
from domain.intake import Intake, IntakeResult
from domain.rejection import Reason

from .tally import Tally

LATENCY_BOUNDS_S: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300,
)  # fmt: skip


class MeasuredIntake:
    """An intake that measures another one. It is used by one thread; any thread may read its counts."""

    def __init__(
        self,
        intake: Intake,
        registry: CollectorRegistry,
        *,
        now_s: Callable[[], float] = time.time,
        eligibility_of: EligibilityOf = WITHOUT_CALENDAR,
    ) -> None:
        self._intake = intake
        self._eligibility_of = eligibility_of
        self._now_s = now_s
        self._trades = 0
        self._price_updates = 0
        self._unknown_conditions = 0
        self._redelivered = 0
        self._rejected = dict.fromkeys(Reason, 0)
        self._last_trade_s = now_s()
        self._latency = Tally(
            "tapeline_feed_latency_seconds",
            "Time from the event time to receipt, for each valid trade",
            LATENCY_BOUNDS_S,
            registry,
            parts=1000,
        )
        registry.register(self)

    def accept(self, frame: Frame) -> IntakeResult:
        """Validate one frame. Never raises, whatever the frame holds."""
        result = self._intake.accept(frame)
        trades = result.trades
        if trades:
            self._last_trade_s = self._now_s()
            self._latency.observe_all([trade.received_ms - trade.timestamp_ms for trade in trades])
            self._trades += len(trades)
            self._price_updates += result.price_updates
            eligibility_of = self._eligibility_of
            for trade in trades:
                if trade.conditions and eligibility_of(trade).has_unknown_code:
                    self._unknown_conditions += 1
        for letter in result.dead_letters:
            self._rejected[letter.rejection.reason] += 1
        self._redelivered += result.redelivered
        return result

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for a scrape."""
        trades = CounterMetricFamily("tapeline_feed_trades", "Valid trades", labels=["kind"])
        updates = self._price_updates
        trades.add_metric(["trade"], self._trades - updates)
        trades.add_metric(["price_update"], updates)
        yield trades
        yield CounterMetricFamily(
            "tapeline_feed_unknown_condition_trades",
            "Valid trades with a sale condition whose meaning is not known",
            self._unknown_conditions,
        )
        rejected = CounterMetricFamily("tapeline_feed_rejected", "Items that became dead letters", labels=["reason"])
        for reason, count in self._rejected.items():
            rejected.add_metric([reason.value], count)
        yield rejected
        yield CounterMetricFamily(
            "tapeline_feed_redelivered_trades",
            "Trades discarded because their whole frame was a redelivery",
            self._redelivered,
        )
        yield GaugeMetricFamily(
            "tapeline_feed_last_trade_timestamp_seconds", "Time of the last valid trade", self._last_trade_s
        )
