"""Candles in the table `trade_aggregates`: one partition a symbol and UTC day of the window's start.

Writing a candle again replaces it, whichever is written last. Rows expire 90 days after their write, by the table's default. The columns of the
two views are in `candle_columns`. Restatements are kept in `revision_store`: they are written before the candle, so that a crash in between
leaves a revision that the repeated write completes, and never a candle without its revision.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from cassandra.query import UNSET_VALUE

from domain.candle import Candle
from domain.candle_revision import CandleVersion, RevisionReason, candle_as_of, kept_revisions
from domain.window import partition_day

from .candle_columns import READ_COLUMNS, WRITTEN_COLUMNS, candle_values, make_candle, placeholders
from .reading import clamp_ms, days, read_days
from .revision_store import CassandraRevisionStore
from .session import CassandraSession
from .settings import CassandraSettings
from .store import CassandraStore
from .times import ms_of
from .writing import Row, batches, write_batches


class CassandraCandleStore(CassandraStore):
    """A `ports.candle_store.CandleStore` and a `ports.candle_history.CandleHistory`. One thread writes, any thread reads."""

    TABLE = "trade_aggregates"
    INSERT = (
        "INSERT INTO {table} (symbol, trade_year, trade_month, trade_day, window_ms, window_start, known_at,"  # noqa: S608 - names of our own
        f" {WRITTEN_COLUMNS}) VALUES ({placeholders(7)})"
    )
    SELECT = (
        f"SELECT window_start, known_at, {READ_COLUMNS} FROM {{table}}"  # noqa: S608 - names of our own
        " WHERE symbol = ? AND trade_year = ? AND trade_month = ? AND trade_day = ?"
        " AND window_ms = ? AND window_start >= ? AND window_start < ? ORDER BY window_ms DESC, window_start ASC"
    )

    def __init__(self, settings: CassandraSettings, session: CassandraSession | None = None) -> None:
        super().__init__(settings, session)
        self._revisions = CassandraRevisionStore(settings, self._session)

    def start(self) -> None:
        """Connect and prepare the statements; do nothing if started. Raise StoreError if no server answers in time or a table is missing."""
        self._revisions.start()
        try:
            super().start()
        except BaseException:
            self._revisions.close()
            raise

    def close(self) -> None:
        """Release the connection; do nothing if closed."""
        super().close()
        self._revisions.close()

    def write(
        self, candles: Iterable[Candle], *, known_at_ms: int | None = None, reason: RevisionReason | None = None
    ) -> None:
        """Store candles; all of them are stored when this returns. Raise StoreError, after which any of them may be stored."""
        self._check_started()
        if reason is not None:
            candles = list(candles)
            self._revisions.write(self._kept(candles, known_at_ms, reason))
        groups = batches(
            (_row(candle, known_at_ms) for candle in candles),
            partition_of=lambda row: row[:4],
            key_of=lambda row: row[4:6],
            batch_rows=self._session.settings.batch_rows,
        )
        write_batches(self._session, self._insert, groups, "writing candles")

    def read(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[Candle]:
        """Yield the symbol's candles of this length with start_ms <= window start < end_ms, oldest first. Raise StoreError."""
        return (version.candle for version in self._current(symbol, start_ms, end_ms, window_ms))

    def read_as_of(self, symbol: str, start_ms: int, end_ms: int, window_ms: int, *, as_of_ms: int) -> Iterator[Candle]:
        """Yield the candles of the same span that were known at a moment. The revisions of the span are few, and are read first. Raise StoreError."""
        revisions: dict[int, list[CandleVersion]] = defaultdict(list)
        for revision in self._revisions.read(symbol, start_ms, end_ms, window_ms):
            revisions[revision.candle.window_start_ms].append(revision)
        for version in self._current(symbol, start_ms, end_ms, window_ms):
            candle = candle_as_of(version, revisions.get(version.candle.window_start_ms, ()), as_of_ms)
            if candle is not None:
                yield candle

    def _current(self, symbol: str, start_ms: int, end_ms: int, window_ms: int) -> Iterator[CandleVersion]:
        self._check_started()
        first, last = clamp_ms(start_ms), clamp_ms(end_ms)

        def values_of(day: date) -> Row:
            return (symbol, day.year, day.month, day.day, window_ms, first, last)

        rows = read_days(self._session, self._select, values_of, days(start_ms, end_ms), "reading candles")
        return (_version(make_candle(symbol, start, window_ms, values), known_at) for start, known_at, *values in rows)

    def _kept(
        self, candles: Iterable[Candle], known_at_ms: int | None, reason: RevisionReason
    ) -> Iterator[CandleVersion]:
        for candle in candles:
            start_ms = candle.window_start_ms
            before = next(self._current(candle.symbol, start_ms, start_ms + 1, candle.window_ms), None)
            yield from kept_revisions(before, CandleVersion.of(candle, known_at_ms, reason))


def _row(candle: Candle, known_at_ms: int | None) -> Row:
    day = partition_day(candle.window_start_ms)
    key = (candle.symbol, day.year, day.month, day.day, candle.window_ms, candle.window_start_ms)
    return (*key, UNSET_VALUE if known_at_ms is None else known_at_ms, *candle_values(candle))


def _version(candle: Candle, known_at: datetime | None) -> CandleVersion:
    return CandleVersion.of(candle, None if known_at is None else ms_of(known_at))
