from __future__ import annotations

import json
from typing import Any

from prometheus_client import CollectorRegistry

from adapters.finnhub.protocol import parse_message
from adapters.prometheus.intake import MeasuredIntake
from domain.feed import Frame
from domain.intake import Intake
from domain.rejection import Reason
from tests.support.scraping import Scrape, scrape

NOW_MS = 1_680_286_537_601


def frame(*trades: dict[str, Any]) -> Frame:
    usual = {"s": "BINANCE:BTCUSDT", "p": 64123.45, "v": 0.5, "t": NOW_MS - 20, "c": ["1"]}
    payload = json.dumps({"type": "trade", "data": [{**usual, **trade} for trade in trades]}).encode()
    message = parse_message(payload, NOW_MS)
    assert isinstance(message, Frame)
    return message


class Bench:
    def __init__(self) -> None:
        self.now_s = 1000.0
        self.registry = CollectorRegistry()
        self.intake = MeasuredIntake(Intake(source="test"), self.registry, now_s=lambda: self.now_s)

    def after(self, *frames: Frame) -> Scrape:
        for each in frames:
            self.intake.accept(each)
        return scrape(self.registry)


def test_it_returns_what_the_intake_returns() -> None:
    taken = frame({}, {"p": -1}, {"v": 0})
    assert Bench().intake.accept(taken) == Intake(source="test").accept(taken)


def test_every_reason_is_exported_from_the_start() -> None:
    assert Bench().after().labels("tapeline_feed_rejected_total", "reason") == {reason.value for reason in Reason}


def test_trades_and_price_updates_are_told_apart() -> None:
    found = Bench().after(frame({}, {}, {"v": 0}))
    assert found.value("tapeline_feed_trades_total", kind="trade") == 2
    assert found.value("tapeline_feed_trades_total", kind="price_update") == 1


def test_rejects_are_counted_by_reason() -> None:
    found = Bench().after(frame({"p": -1}, {"p": -2}, {"s": ""}, {}))
    assert found.value("tapeline_feed_rejected_total", reason="price_not_positive") == 2
    assert found.value("tapeline_feed_rejected_total", reason="bad_symbol") == 1
    assert found.total("tapeline_feed_rejected_total") == 3


def test_trades_of_us_stocks_with_unknown_conditions_are_counted() -> None:
    codes = (["1", "99"], ["40"], ["1", "12"], ["1"])
    found = Bench().after(frame(*({"s": "AAPL", "c": each} for each in codes), {"c": ["99"]}))
    assert found.value("tapeline_feed_unknown_condition_trades_total") == 2
    assert Bench().after().value("tapeline_feed_unknown_condition_trades_total") == 0


def test_a_frame_that_came_before_counts_as_redelivered_alone() -> None:
    again = frame({}, {"v": 0})
    found = Bench().after(again, again)
    assert found.value("tapeline_feed_redelivered_trades_total") == 2
    assert found.total("tapeline_feed_trades_total") == 2


def test_latency_is_from_event_time_to_received() -> None:
    found = Bench().after(frame({}, {"t": NOW_MS - 2000}))
    assert found.value("tapeline_feed_latency_seconds_sum") == 2.02
    assert found.value("tapeline_feed_latency_seconds_bucket", le="0.025") == 1
    assert found.value("tapeline_feed_latency_seconds_bucket", le="2.0") == 2


def test_only_a_valid_trade_moves_the_moment_of_the_last_trade() -> None:
    bench = Bench()
    bench.now_s = 1010.0
    assert bench.after(frame({"p": -1})).value("tapeline_feed_last_trade_timestamp_seconds") == 1000
    assert bench.after(frame({})).value("tapeline_feed_last_trade_timestamp_seconds") == 1010
