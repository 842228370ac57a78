"""Read a span of time that covers many partitions: one query for each day, oldest first, lazily.

No day is queried before its rows are wanted. While days are empty, more and more of the following days are queried together, so that a long empty
span takes few round trips. It still takes a query for each day; a span of more than ten years is logged.
"""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, Final

import structlog

from domain.window import partition_day

from .errors import translated
from .session import CassandraSession

MOST_AHEAD: Final = 32
_MANY_DAYS: Final = 3_660
_FIRST_MS: Final = -62_135_596_800_000
_LAST_MS: Final = 253_402_300_799_999
"""The first and the last millisecond of Python's calendar, the years 1 to 9999."""

_log = structlog.get_logger("adapters.cassandra")


def days(start_ms: int, end_ms: int) -> Iterator[date]:
    """Yield the UTC days that [start_ms, end_ms) touches, oldest first."""
    start_ms, end_ms = max(start_ms, _FIRST_MS), min(end_ms, _LAST_MS + 1)
    if start_ms >= end_ms:
        return
    day, last = partition_day(start_ms), partition_day(end_ms - 1)
    if (last - day).days > _MANY_DAYS:
        _log.warning(
            "cassandra_read_of_many_days", first=day.isoformat(), last=last.isoformat(), queries=(last - day).days + 1
        )
    while day < last:
        yield day
        day += timedelta(days=1)
    yield last


def clamp_ms(moment_ms: int) -> int:
    """Return the nearest time within Python's calendar, which every timestamp of the server can hold."""
    return min(max(moment_ms, _FIRST_MS), _LAST_MS + 1)


def read_days(
    session: CassandraSession,
    select: Any,
    values_of: Callable[[date], tuple[object, ...]],
    span: Iterator[date],
    doing: str,
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of each day of the span, in the order of the query within a day. Raise StoreError."""
    pending: deque[Any] = deque()
    ahead = 1
    while True:
        with translated(session.settings, doing):
            while len(pending) < ahead and (day := next(span, None)) is not None:
                bound = select.bind(values_of(day))
                bound.fetch_size = session.settings.page_rows
                pending.append(session.driver.execute_async(bound))
            if not pending:
                return
            page = pending.popleft().result()
        empty = True
        while True:
            for row in page.current_rows:
                empty = False
                yield row
            if not page.has_more_pages:
                break
            with translated(session.settings, doing):
                session.driver  # noqa: B018 - raises if the store was closed between two pages
                page.fetch_next_page()
        ahead = min(2 * ahead, MOST_AHEAD) if empty else 1
