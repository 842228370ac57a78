import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.capacity_model import PARTITION_BYTES, Policy, hot_symbol, plan
from bench.measured_costs import Cost, Measured, Point

RATES = st.floats(min_value=1, max_value=5_000_000)


def measured(points: int = 2) -> Measured:
    rates = (2_000, 10_000, 20_000)[:points]
    cores = {"producer": 10e-6, "kafka": 5e-6, "spark": 40e-6, "cassandra": 30e-6}
    return Measured(
        provisional=False,
        note="measured here",
        record_bytes=200,
        kafka_bytes=100,
        trade_bytes=50,
        candle_bytes=150,
        cpu_us={"producer": 10},
        points=[
            Point(rate=rate, fit=True, cores={part: 0.1 + rate * each for part, each in cores.items()})
            for rate in rates
        ],
    )


def test_a_line_goes_through_two_points() -> None:
    cost = Cost.through([(2_000, 0.2), (10_000, 0.6)])
    assert cost.at(2_000) == pytest.approx(0.2)
    assert cost.at(10_000) == pytest.approx(0.6)
    assert cost.cores == pytest.approx(0.1)
    assert cost.cpu_us == pytest.approx(50)


def test_with_a_known_slope_the_points_determine_the_fixed_share() -> None:
    cost = Cost.with_known_slope([(2_000, 1.3), (20_000, 1.5)], cpu_us=20)
    assert cost.cpu_us == 20
    assert cost.cores == pytest.approx((1.26 + 1.1) / 2)
    assert Cost.with_known_slope([(20_000, 0.3)], cpu_us=20).cores == 0


@given(st.lists(st.tuples(RATES, st.floats(min_value=0, max_value=100)), min_size=1, max_size=6))
def test_a_line_has_no_negative_slope_and_no_negative_fixed_share(points: list[tuple[float, float]]) -> None:
    cost = Cost.through(points)
    assert cost.cpu_us >= 0
    assert cost.cores >= -1e-6


def test_disks_hold_all_replicas_for_their_retention() -> None:
    found = plan(1_000, 50, measured(), Policy(copies=3, kafka_days=7, trade_days=30, candle_days=90))
    assert found.kafka_tb == pytest.approx(1_000 * 86_400 * 7 * 100 * 3 / 1e12)
    assert found.trades_tb == pytest.approx(1_000 * 86_400 * 30 * 50 * 3 / 1e12)
    assert found.candles_tb == pytest.approx(50 * 1_440 * 90 * 150 * 3 / 1e12)


def test_a_symbol_that_does_not_trade_each_minute_has_fewer_candles() -> None:
    assert plan(1, 10_000, measured()).candles_tb == pytest.approx(60 * 1_440 * 90 * 150 * 3 / 1e12)


def test_small_rates_need_as_many_machines_as_replicas() -> None:
    found = plan(1, 1, measured())
    assert (found.brokers, found.nodes, found.partitions, found.producers, found.executors) == (3, 3, 4, 1, 1)


@given(RATES, st.integers(min_value=1, max_value=20_000))
def test_no_core_and_no_disk_is_planned_fuller_than_the_policy(rate: float, symbols: int) -> None:
    figures, policy = measured(), Policy()
    found = plan(rate, symbols, figures, policy)
    costs = figures.costs
    room = policy.machine_cores * policy.busy * (1 + 1e-9)
    assert costs["kafka"].at(rate) * policy.copies <= found.brokers * room
    assert costs["cassandra"].at(rate) * policy.copies <= found.nodes * room
    assert costs["spark"].at(rate) <= found.executors * room
    assert found.kafka_tb <= found.brokers * policy.broker_disk_tb * policy.disk_full * (1 + 1e-9)
    assert found.trades_tb + found.candles_tb <= found.nodes * policy.node_disk_tb * policy.disk_full * (1 + 1e-9)
    assert found.partitions >= found.executor_cores


@given(RATES, RATES)
def test_more_trades_never_need_less(one: float, other: float) -> None:
    less, more = (plan(rate, 50, measured()) for rate in sorted((one, other)))
    for name in ("producers", "partitions", "brokers", "executors", "nodes", "kafka_tb", "trades_tb"):
        assert getattr(less, name) <= getattr(more, name)


def test_ten_times_the_trades_need_ten_times_the_machines_if_cpu_decides() -> None:
    policy = Policy(broker_disk_tb=math.inf, node_disk_tb=math.inf)
    one, ten = (plan(rate, 50, measured(), policy) for rate in (1_000_000, 10_000_000))
    assert ten.brokers / one.brokers == pytest.approx(10, rel=0.1)
    assert ten.nodes / one.nodes == pytest.approx(10, rel=0.1)


@given(st.floats(min_value=0.1, max_value=10_000))
def test_a_bucket_keeps_a_partition_below_the_guidance_and_divides_a_day(rate: float) -> None:
    found = hot_symbol(rate, measured())
    assert 1_440 % found.bucket_minutes == 0
    assert found.bucket_minutes == 1 or found.day_bytes * found.bucket_minutes / 1_440 <= PARTITION_BYTES


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_is_not_positive_is_an_error(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        plan(rate, 50, measured())


def unlike(figures: Measured) -> list[float]:
    """Return the rates that were not fitted and differ from the line by more than 30 %."""
    return [
        point.rate
        for point in figures.points
        if not point.fit
        and sum(cost.at(point.rate) for cost in figures.costs.values())
        != pytest.approx(sum(point.cores.values()), rel=0.3)
    ]


def test_measured_figures_are_provisional_unless_two_points_check_the_line() -> None:
    figures = Measured.read()
    checked = [point for point in figures.points if not point.fit]
    assert figures.provisional or (len(checked) >= 2 and not unlike(figures))


def test_a_point_far_from_the_line_is_detected() -> None:
    good = measured()
    near, far = (
        Point(rate=5_000, fit=False, cores={part: share * cost.at(5_000) for part, cost in good.costs.items()})
        for share in (1.2, 1.6)
    )
    assert unlike(attrs.evolve(good, points=[*good.points, near])) == []
    assert unlike(attrs.evolve(good, points=[*good.points, near, far])) == [5_000]
