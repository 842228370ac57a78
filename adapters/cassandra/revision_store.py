"""Versions of candles of closed windows in the table `candle_revisions`, partitioned as candles are. The rules are in `domain.candle_revision`."""

from collections.abc import Iterable, Iterator
from datetime import date

from cassandra.query import UNSET_VALUE

from domain.candle_revision import CandleVersion, RevisionReason
from domain.window import partition_day

from .candle_columns import READ_COLUMNS, WRITTEN_COLUMNS, candle_values, make_candle, placeholders
from .reading import clamp_ms, days, read_days
from .store import CassandraStore
from .times import ms_of
from .writing import Row, batches, write_batches


class CassandraRevisionStore(CassandraStore):
    """Revisions by (symbol, window length, window start, moment from which they are known). One thread writes, any thread reads."""

    TABLE = "candle_revisions"
    INSERT = (
        "INSERT INTO {table} (symbol, trade_year, trade_month, trade_day, window_ms, window_start, known_at, reason,"  # noqa: S608 - names of our own
        f" {WRITTEN_COLUMNS}) VALUES ({placeholders(8)})"
    )
    SELECT = (
        f"SELECT window_start, known_at, reason, {READ_COLUMNS} FROM {{table}}"  # noqa: S608 - names of our own
        " WHERE symbol = ? AND trade_year = ? AND trade_month = ? AND trade_day = ?"
        " AND window_ms = ? AND window_start >= ? AND window_start < ? ORDER BY window_ms DESC, window_start ASC, known_at DESC"
    )

    def write(self, revisions: Iterable[CandleVersion]) -> None:
        """Store revisions; all of them are stored when this returns. Raise StoreError, after which any of them may be stored."""
        self._check_started()
        groups = batches(
            map(_row, revisions),
            partition_of=lambda row: row[:4],
            key_of=lambda row: row[4:7],
            batch_rows=self._session.settings.batch_rows,
        )
        write_batches(self._session, self._insert, groups, "writing revisions")

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[CandleVersion]:
        """Yield the revisions of windows with start_ms <= window start < end_ms, oldest window first. Raise StoreError."""
        self._check_started()
        first, last = clamp_ms(start_ms), clamp_ms(end_ms)

        def values_of(day: date) -> Row:
            return (symbol, day.year, day.month, day.day, window_ms, first, last)

        rows = read_days(self._session, self._select, values_of, days(start_ms, end_ms), "reading revisions")
        return (
            CandleVersion(
                candle=make_candle(symbol, start, window_ms, values),
                known_at_ms=ms_of(known_at),
                reason=None if reason is None else RevisionReason(reason),
            )
            for start, known_at, reason, *values in rows
        )


def _row(revision: CandleVersion) -> Row:
    candle = revision.candle
    day = partition_day(candle.window_start_ms)
    key = (candle.symbol, day.year, day.month, day.day, candle.window_ms, candle.window_start_ms, revision.known_at_ms)
    # A version that was itself a restatement has a row with its reason, which stays.
    return (*key, revision.reason or UNSET_VALUE, *candle_values(candle))
