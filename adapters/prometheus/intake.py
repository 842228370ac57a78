"""Measure the intake: what became of the trades of each frame, and how old they were."""

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from domain.feed import Frame
from domain.intake import Intake, IntakeResult
from domain.rejection import Reason

from .tally import Tally

LATENCY_BOUNDS_S: Final = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300,
)  # fmt: skip


class MeasuredIntake:
    """An intake that counts what another judges."""

    def __init__(self, intake: Intake, registry: CollectorRegistry, *, now_s: Callable[[], float] = time.time) -> None:
        self._intake = intake
        self._now_s = now_s
        trades = Counter("tapeline_feed_trades_total", "Valid trades", ["kind"], registry=registry)
        self._trades = trades.labels("trade")
        self._price_updates = trades.labels("price_update")
        rejected = Counter("tapeline_feed_rejected_total", "What became a dead letter", ["reason"], registry=registry)
        self._rejected = {reason: rejected.labels(reason.value) for reason in Reason}
        self._redelivered = Counter(
            "tapeline_feed_redelivered_trades_total",
            "Trades left out because their whole frame had come before",
            registry=registry,
        )
        self._last_trade = Gauge(
            "tapeline_feed_last_trade_timestamp_seconds", "When a valid trade was last received", registry=registry
        )
        self._last_trade.set(now_s())
        self._latency = Tally(
            "tapeline_feed_latency_seconds", "Event time to received, of each valid trade", LATENCY_BOUNDS_S, registry
        )

    def accept(self, frame: Frame) -> IntakeResult:
        """Judge one frame. Never raises, whatever the frame holds."""
        result = self._intake.accept(frame)
        trades = result.trades
        if trades:
            self._last_trade.set(self._now_s())
            self._latency.observe_all([(trade.received_ms - trade.timestamp_ms) / 1000 for trade in trades])
            updates = sum(trade.is_price_update for trade in trades)
            if updates:
                self._price_updates.inc(updates)
            self._trades.inc(len(trades) - updates)
        for letter in result.dead_letters:
            self._rejected[letter.rejection.reason].inc()
        if result.redelivered:
            self._redelivered.inc(result.redelivered)
        return result
