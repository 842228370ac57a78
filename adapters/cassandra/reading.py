"""Reading a span of time that covers many partitions: one query a day, oldest first, rows as they are asked for.

Nothing is read before it is asked for. As long as days come back empty, the next ones are asked for together, more and more of them, so that a
long empty span costs few round trips. It still costs a query a day: ask for the span that you mean; one of more than ten years is logged.
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
"""The first and the last millisecond that has a calendar day."""

_log = structlog.get_logger("adapters.cassandra")


def days(start_ms: int, end_ms: int) -> Iterator[date]:
    """Give the UTC days that [start_ms, end_ms) touches, oldest first."""
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
    """Bring a moment into what has a calendar day, and so into what the server's timestamps hold."""
    return min(max(moment_ms, _FIRST_MS), _LAST_MS + 1)


def read_days(
    session: CassandraSession,
    select: Any,
    values_of: Callable[[date], tuple[object, ...]],
    span: Iterator[date],
    doing: str,
) -> Iterator[tuple[Any, ...]]:
    """Give the rows of each day of the span, in the query's own order within a day. Raises StoreError."""
    under_way: deque[Any] = deque()
    ahead = 1
    while True:
        with translated(session.settings, doing):
            while len(under_way) < ahead and (day := next(span, None)) is not None:
                bound = select.bind(values_of(day))
                bound.fetch_size = session.settings.page_rows
                under_way.append(session.driver.execute_async(bound))
            if not under_way:
                return
            page = under_way.popleft().result()
        empty = True
        while True:
            for row in page.current_rows:
                empty = False
                yield row
            if not page.has_more_pages:
                break
            with translated(session.settings, doing):
                session.driver  # noqa: B018 - raises when the store was closed between two pages
                page.fetch_next_page()
        ahead = min(2 * ahead, MOST_AHEAD) if empty else 1
