"""Writing many rows at once: rows of one partition share a request, and a bounded number of requests is under way.

One request a row costs the client and the server several times more than a batch of one partition, which the server applies as a single
mutation, without the batch log. A batch has one write time for all its rows, and with equal times Cassandra keeps the greater value of each
cell: so a key that comes twice is written once, with its last row.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Final

from cassandra.query import BatchStatement, BatchType

from ports.errors import StoreError

from .errors import VENDOR_ERRORS, store_error
from .session import CassandraSession

_BUFFERED_ROWS: Final = 20_000

Row = tuple[object, ...]


def batches(
    rows: Iterable[Row],
    *,
    partition_of: Callable[[Row], Hashable],
    key_of: Callable[[Row], Hashable],
    batch_rows: int,
) -> Iterator[list[Row]]:
    """Group rows by partition, at most `batch_rows` together; of rows with one key in a group, the last stays.

    Lazy, and holds a bounded number of rows. Rows of one key leave in the order in which they came.
    """
    groups: dict[Hashable, dict[Hashable, Row]] = {}
    held = 0
    for row in rows:
        partition = partition_of(row)
        group = groups.setdefault(partition, {})
        group[key_of(row)] = row
        held += 1
        if len(group) >= batch_rows:
            held -= len(group)
            yield list(groups.pop(partition).values())
        elif held >= _BUFFERED_ROWS:
            yield from (list(group.values()) for group in groups.values())
            groups, held = {}, 0
    yield from (list(group.values()) for group in groups.values())


def write_batches(session: CassandraSession, insert: Any, groups: Iterable[list[Row]], doing: str) -> None:
    """Write groups of rows by the prepared `insert`; on return all are written. Raises StoreError at the first failure, when no request is under way any more."""
    settings = session.settings
    driver = session.driver
    flight = _Flight(settings.max_in_flight, patience_s=2 * settings.request_timeout_s + 5)
    try:
        for rows in groups:
            flight.acquire()
            if flight.failure is not None:
                flight.release(None)
                break
            try:
                future = driver.execute_async(_statement(insert, rows))
            except BaseException:
                flight.release(None)
                raise
            future.add_callbacks(flight.release, flight.fail)
    except VENDOR_ERRORS as error:
        raise store_error(settings, doing, error) from error
    finally:
        flight.wait()
    if flight.failure is not None:
        raise store_error(settings, doing, flight.failure) from flight.failure


def _statement(insert: Any, rows: list[Row]) -> Any:
    if len(rows) == 1:
        return insert.bind(rows[0])
    batch = BatchStatement(batch_type=BatchType.UNLOGGED)
    for row in rows:
        batch.add(insert, row)
    batch.is_idempotent = True
    return batch


class _Flight:
    """Counts the requests under way, and keeps the first failure. One thread takes off and waits; any may land.

    A seat that was never taken is not waited for: most writes are of a row or two, and a hundred idle seats would cost more than the row.
    """

    def __init__(self, seats: int, *, patience_s: float) -> None:
        self.failure: Exception | None = None
        self._seats = seats
        self._untaken = seats
        # One object where a semaphore is ten: the driver's future of a request is a cycle, and keeps all it refers to until Python looks for garbage.
        self._free: SimpleQueue[None] = SimpleQueue()
        self._patience_s = patience_s

    def acquire(self) -> None:
        if self._untaken:
            self._untaken -= 1
        else:
            self._await_seat()

    def wait(self) -> None:
        for _ in range(self._seats - self._untaken):
            self._await_seat()

    def _await_seat(self) -> None:
        # The driver ends every request by its own timeout; this one is for a driver that does not.
        try:
            self._free.get(timeout=self._patience_s)
        except Empty:
            raise StoreError("the driver neither finished nor failed a request in time") from None

    def release(self, _result: object) -> None:
        self._free.put(None)

    def fail(self, error: Exception) -> None:
        self.failure = self.failure or error
        self._free.put(None)
