"""The model of `bench.capacity`: the resources that a rate of trades needs.

1. The CPU of a component is its measured cost at the rate (`bench.measured_costs`).
2. A replica costs as much as the first copy: in Kafka one more broker writes it, in Cassandra one more node.
3. No core is planned fuller than `Policy.busy`, and no disk fuller than `Policy.disk_full`.
4. A topic has one partition per executor core, because one task at a time reads a partition. So one core is also the limit of one symbol.
"""

import math
from typing import Final

import attrs

from bench.measured_costs import Measured

DAY_S: Final = 86_400
MINUTES_PER_DAY: Final = 1_440
MIN_PARTITIONS: Final = 4
PARTITION_BYTES: Final = 100_000_000
"""The size below which Cassandra's guidance keeps a partition."""


@attrs.frozen(kw_only=True)
class Policy:
    """The limits and retention periods of a plan."""

    copies: int = 3
    busy: float = 0.5
    """The planned share of a core. The rest is for bursts, compaction, and the failure of a machine."""
    disk_full: float = 0.5
    machine_cores: int = 8
    broker_disk_tb: float = 4.0
    node_disk_tb: float = 2.0
    """Disk of a Cassandra node. A larger one takes hours to stream to a new node."""
    kafka_days: int = 7
    trade_days: int = 30
    candle_days: int = 90


@attrs.frozen(kw_only=True)
class Plan:
    """The resources that a rate needs."""

    trades_per_s: float
    symbols: int
    producers: int
    """Processes, by CPU only. The feed's limit of symbols per API key may require more."""
    partitions: int
    brokers: int
    executor_cores: int
    executors: int
    """Machines."""
    nodes: int
    """Cassandra nodes."""
    kafka_tb: float
    trades_tb: float
    candles_tb: float
    """On disk, all replicas."""


def plan(trades_per_s: float, symbols: int, measured: Measured, policy: Policy | None = None) -> Plan:
    """Return the resources that a rate needs. Raise ValueError if the rate or the number of symbols is not above 0."""
    if trades_per_s <= 0 or symbols <= 0:
        raise ValueError("the rate and the number of symbols must be above 0")
    policy = policy or Policy()
    costs = measured.costs
    kafka_tb = trades_per_s * DAY_S * policy.kafka_days * measured.kafka_bytes * policy.copies / 1e12
    trades_tb = trades_per_s * DAY_S * policy.trade_days * measured.trade_bytes * policy.copies / 1e12
    windows_per_day = min(symbols, trades_per_s * 60) * MINUTES_PER_DAY
    candles_tb = windows_per_day * policy.candle_days * measured.candle_bytes * policy.copies / 1e12
    executor_cores = math.ceil(costs["spark"].at(trades_per_s) / policy.busy)

    def machines(cores: float, terabytes: float, disk_tb: float) -> int:
        by_cpu = cores * policy.copies / (policy.busy * policy.machine_cores)
        return max(policy.copies, math.ceil(by_cpu), math.ceil(terabytes / (disk_tb * policy.disk_full)))

    return Plan(
        trades_per_s=trades_per_s,
        symbols=symbols,
        producers=math.ceil(trades_per_s * costs["producer"].cpu_us / 1e6 / policy.busy),
        partitions=max(MIN_PARTITIONS, executor_cores),
        brokers=machines(costs["kafka"].at(trades_per_s), kafka_tb, policy.broker_disk_tb),
        executor_cores=executor_cores,
        executors=math.ceil(executor_cores / policy.machine_cores),
        nodes=machines(costs["cassandra"].at(trades_per_s), trades_tb + candles_tb, policy.node_disk_tb),
        kafka_tb=kafka_tb,
        trades_tb=trades_tb,
        candles_tb=candles_tb,
    )


@attrs.frozen(kw_only=True)
class HotSymbol:
    """The load of one symbol. More machines do not divide it."""

    trades_per_s: float
    day_bytes: float
    """Bytes of its partition of `trades_v2` per day, one replica, on disk."""
    bucket_minutes: int
    """The longest time span of a partition that stays below the guidance. 1,440 is a day, as in `trades_v2`."""
    spark_core: float
    """The share of the one core that reads its partition of the topic."""


def hot_symbol(trades_per_s: float, measured: Measured) -> HotSymbol:
    """Return the load of a symbol with this rate."""
    day_bytes = trades_per_s * DAY_S * measured.trade_bytes
    divisors = [minutes for minutes in range(1, MINUTES_PER_DAY + 1) if MINUTES_PER_DAY % minutes == 0]
    fitting = [minutes for minutes in divisors if day_bytes * minutes / MINUTES_PER_DAY <= PARTITION_BYTES]
    return HotSymbol(
        trades_per_s=trades_per_s,
        day_bytes=day_bytes,
        bucket_minutes=max(fitting, default=1),
        spark_core=trades_per_s * measured.costs["spark"].cpu_us / 1e6,
    )
