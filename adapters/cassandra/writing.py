"""Write many rows: rows of one partition share a request, and the number of concurrent requests is bounded.

A request for each row costs the client and the server several times more than a batch of one partition, which the server applies as a single
mutation, without the batch log. All rows of a batch have one write time, and of two writes with equal times Cassandra keeps the greater value of
each cell. So a key that occurs twice in a batch is written once, with its last row.
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
    """Yield groups of rows of one partition, at most `batch_rows` each; of the rows with one key in a group, the last one stays.

    Lazy, with a bounded number of rows in memory. Rows with one key keep their order.
    """
    groups: dict[Hashable, dict[Hashable, Row]] = {}
    buffered = 0
    for row in rows:
        partition = partition_of(row)
        group = groups.setdefault(partition, {})
        group[key_of(row)] = row
        buffered += 1
        if len(group) >= batch_rows:
            buffered -= len(group)
            yield list(groups.pop(partition).values())
        elif buffered >= _BUFFERED_ROWS:
            yield from (list(group.values()) for group in groups.values())
            groups, buffered = {}, 0
    yield from (list(group.values()) for group in groups.values())


def write_batches(session: CassandraSession, insert: Any, groups: Iterable[list[Row]], doing: str) -> None:
    """Write groups of rows by the prepared `insert`; all are written when this returns.

    Raise StoreError after the first failure, when no request is pending any more.
    """
    settings = session.settings
    driver = session.driver
    requests = _Requests(settings.max_in_flight, timeout_s=2 * settings.request_timeout_s + 5)
    try:
        for rows in groups:
            requests.acquire()
            if requests.failure is not None:
                requests.release(None)
                break
            try:
                future = driver.execute_async(_statement(insert, rows))
            except BaseException:
                requests.release(None)
                raise
            future.add_callbacks(requests.release, requests.fail)
    except VENDOR_ERRORS as error:
        raise store_error(settings, doing, error) from error
    finally:
        requests.wait()
    if requests.failure is not None:
        raise store_error(settings, doing, requests.failure) from requests.failure


def _statement(insert: Any, rows: list[Row]) -> Any:
    if len(rows) == 1:
        return insert.bind(rows[0])
    batch = BatchStatement(batch_type=BatchType.UNLOGGED)
    for row in rows:
        batch.add(insert, row)
    batch.is_idempotent = True
    return batch


class _Requests:
    """A counter of concurrent requests with the first failure. One thread acquires slots and waits; any thread releases them.

    Waiting ignores slots that were never acquired: most writes have a row or two, and waiting for a hundred idle slots would cost more than the write.
    """

    def __init__(self, slots: int, *, timeout_s: float) -> None:
        self.failure: Exception | None = None
        self._slots = slots
        self._unused = slots
        # One object where a semaphore has ten: the driver's future of a request is a cycle, and keeps all its references until garbage collection.
        self._free: SimpleQueue[None] = SimpleQueue()
        self._timeout_s = timeout_s

    def acquire(self) -> None:
        if self._unused:
            self._unused -= 1
        else:
            self._await_slot()

    def wait(self) -> None:
        for _ in range(self._slots - self._unused):
            self._await_slot()

    def _await_slot(self) -> None:
        # The driver ends each request by its own timeout; this one is in case it does not.
        try:
            self._free.get(timeout=self._timeout_s)
        except Empty:
            raise StoreError("the driver has not ended a request in time") from None

    def release(self, _result: object) -> None:
        self._free.put(None)

    def fail(self, error: Exception) -> None:
        self.failure = self.failure or error
        self._free.put(None)
