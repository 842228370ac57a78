"""Code shared by the programs of the part `cassandra`: trades as values and as rows, a session of the plain driver, and a check of the stored rows.

Each run writes to a UTC day of its own, so no run overwrites rows of another: the seeded trades are moved back by whole days.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

import attrs
from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import tuple_factory

from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from adapters.finnhub.protocol import parse_message
from bench.harness.workload import read_frames
from domain.feed import Frame
from domain.intake import Intake
from domain.rules import DAY_MS
from domain.trade import Trade
from domain.window import partition_day

KEYSPACE: Final = "tapeline"
DATACENTER: Final = "dc1"
INSERT: Final = CassandraTradeStore.INSERT.format(table=f"{KEYSPACE}.trades_v2")
_COUNT: Final = (
    f"SELECT count(*) FROM {KEYSPACE}.trades_v2"  # noqa: S608 - a constant
    " WHERE symbol = ? AND trade_year = ? AND trade_month = ? AND trade_day = ?"
)

Row = tuple[object, ...]


def trades_of(file: str, count: int, days_back: int) -> list[Trade]:
    """Return the first `count` trades of the frames in a file, moved back by whole days."""
    intake = Intake(source="bench")
    trades: list[Trade] = []
    for payload in read_frames(file):
        # The time of receipt is the time of the last trade, so no trade is rejected as too old.
        frame = parse_message(payload, int(payload.rpartition(b'"t":')[2].split(b",")[0]))
        assert isinstance(frame, Frame)
        trades += intake.accept(frame).trades
        if len(trades) >= count:
            break
    back_ms = days_back * DAY_MS
    return [attrs.evolve(trade, timestamp_ms=trade.timestamp_ms - back_ms) for trade in trades[:count]]


def row_of(trade: Trade) -> Row:
    """Return the values for `INSERT`."""
    day = partition_day(trade.timestamp_ms)
    key = (trade.symbol, day.year, day.month, day.day, trade.timestamp_ms, trade.trade_id)
    rest = (trade.price, trade.volume, trade.conditions, trade.received_ms, trade.venue, trade.asset_class)
    return key + rest


def settings_of(port: str) -> CassandraSettings:
    """Return the adapter's default settings with this port."""
    return CassandraSettings(port=int(port), local_dc=DATACENTER)


@contextmanager
def driver_session(port: str) -> Iterator[Session]:
    """Connect with the driver, without the adapter, at the adapter's consistency level."""
    defaults = settings_of(port)
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(local_dc=DATACENTER)),
        consistency_level=consistency_level_of(defaults),
        row_factory=tuple_factory,
        request_timeout=defaults.request_timeout_s,
    )
    cluster = Cluster(
        list(defaults.hosts), port=int(port), protocol_version=5, execution_profiles={EXEC_PROFILE_DEFAULT: profile}
    )
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()


def consistency_level_of(settings: CassandraSettings) -> int:
    """Return the driver's constant for the consistency level of the settings."""
    level: int = ConsistencyLevel.name_to_value[settings.consistency]
    return level


def check_all_stored(session: Any, trades: Sequence[Trade]) -> None:
    """Raise AssertionError unless the number of rows of each symbol and day is that of these trades."""
    expected: dict[tuple[str, date], set[tuple[int, str]]] = {}
    for trade in trades:
        partition = (trade.symbol, partition_day(trade.timestamp_ms))
        expected.setdefault(partition, set()).add((trade.timestamp_ms, trade.trade_id))
    count = session.prepare(_COUNT)
    for (symbol, day), keys in expected.items():
        stored = session.execute(count, (symbol, day.year, day.month, day.day)).one()[0]
        assert stored == len(keys), f"{symbol} on {day}: {stored} rows of {len(keys)}"
