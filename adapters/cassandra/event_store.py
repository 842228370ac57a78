"""Events of sessions in the table `feed_events`: one partition for each symbol and UTC day of the event's `slot`.

The write time of a row is the time of its event: of two events with one key the later one stays, and writing an event again changes nothing. Rows
expire 90 days after they are written, by the table's default.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from domain.session import HOUR_MS, SessionEvent, SessionEventKind
from domain.window import partition_day, window_start_ms

from .reading import clamp_ms, days, read_days
from .store import CassandraStore
from .times import ms_of
from .writing import Row, batches, write_batches


class CassandraEventStore(CassandraStore):
    """A `ports.event_store.EventStore`. One thread writes, any thread reads."""

    TABLE = "feed_events"
    INSERT = (
        "INSERT INTO {table} (symbol, event_year, event_month, event_day, slot, instance, session, kind, at, seen, since, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?"
    )
    SELECT = (
        "SELECT instance, session, kind, at, seen, since, detail FROM {table}"
        " WHERE symbol = ? AND event_year = ? AND event_month = ? AND event_day = ? AND slot >= ? AND slot < ?"
    )

    def write(self, events: Iterable[SessionEvent]) -> None:
        """Store events; all of them are stored when this returns. Raise StoreError, after which any of them may be stored."""
        self._check_started()
        groups = batches(
            (row for event in events for row in _rows(event)),
            partition_of=lambda row: row[:4],
            # With the time of the event: the server decides which event of one key is the later one.
            key_of=lambda row: row[4:9],
            batch_rows=self._session.settings.batch_rows,
        )
        write_batches(self._session, self._insert, groups, "writing feed events")

    def read(self, symbol: str, start_ms: int, end_ms: int) -> Iterator[SessionEvent]:
        """Yield the symbol's events at start_ms or later whose slot is before end_ms, by time. Raise StoreError."""
        self._check_started()
        first_ms = window_start_ms(start_ms, HOUR_MS)
        first, last = clamp_ms(first_ms), clamp_ms(end_ms)

        def values_of(day: date) -> Row:
            return (symbol, day.year, day.month, day.day, first, last)

        rows = read_days(self._session, self._select, values_of, days(first_ms, end_ms), "reading feed events")
        events = (_event(symbol, row) for row in rows)
        # A day has some dozens of events, unless the feed had problems all day.
        found = sorted(events, key=lambda event: (event.at_ms, event.instance, event.session, event.kind))
        return (event for event in found if event.at_ms >= start_ms)


def _rows(event: SessionEvent) -> Iterator[Row]:
    day = partition_day(event.bucket_ms)
    for symbol, since_ms in event.symbols.items():
        yield (
            symbol,
            day.year,
            day.month,
            day.day,
            event.bucket_ms,
            event.instance,
            event.session,
            str(event.kind),
            event.at_ms,
            event.seen_ms,
            since_ms,
            event.detail,
            event.at_ms * 1000,
        )


def _event(symbol: str, row: tuple[Any, ...]) -> SessionEvent:
    instance, session, kind, at, seen, since, detail = row
    return SessionEvent(
        instance=instance,
        session=session,
        kind=SessionEventKind(kind),
        at_ms=ms_of(at),
        seen_ms=ms_of(seen),
        detail=detail,
        symbols={symbol: ms_of(since)},
    )
