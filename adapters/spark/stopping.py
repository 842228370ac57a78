"""Stop the queries and Spark in order, whichever process receives the signal.

Under spark-submit the JVM is the parent process and receives SIGTERM; by default it would end in the middle of a micro-batch. So it only passes the
signal on to Python, whose main thread stops the queries: each may finish its current micro-batch, for a bounded time. A micro-batch that is
interrupted is repeated at the next start and writes the same rows.

No step waits forever, because a supervisor restarts only a program that has ended. A micro-batch that hangs in Cassandra's driver (which can stop
answering after it has lost its control connection) cannot be interrupted, and Spark's own stop waits for it. So each step has a limit, and after
the last one the JVM is halted: everything that matters is in the checkpoint.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark import SparkContext
from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

log = structlog.get_logger(__name__)
_POLL_S = 0.1


class _SignalHandler:
    """A `sun.misc.SignalHandler` in Python."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask

    def handle(self, _signal: object) -> None:
        self._ask()

    class Java:
        """The interfaces, for Py4J."""

        implements = ("sun.misc.SignalHandler",)


def relay_signals(ask: Callable[[], None]) -> None:
    """Call `ask`, from another thread, when the JVM receives SIGTERM or SIGINT, in place of its own reaction. The session must be up."""
    gateway: Any = SparkContext._gateway  # noqa: SLF001 - only the gateway reaches the signals of the JVM
    ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
    handler = _SignalHandler(ask)
    for name in ("TERM", "INT"):
        gateway.jvm.sun.misc.Signal.handle(gateway.jvm.sun.misc.Signal(name), handler)


def stop_queries(queries: Sequence[StreamingQuery], timeout_s: float) -> None:
    """Wait until each query has finished its current micro-batch, at most `timeout_s` seconds in total, and stop the queries."""
    deadline = time.monotonic() + timeout_s
    before = [_last_batch(query) for query in queries]
    for query, last in zip(queries, before, strict=True):
        while _is_busy(query, last) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        finished = not _is_busy(query, last)
        try:
            query.stop()
        except Py4JError:
            log.warning("query_hangs", query=query.name)
            continue
        log.info("query_stopped", query=query.name, last_batch=_last_batch(query), finished=finished)


def stop_session(session: SparkSession, timeout_s: float) -> None:
    """Stop Spark; after `timeout_s` seconds halt its JVM, with the exit code 1."""
    jvm: Any = session.sparkContext._jvm  # noqa: SLF001

    def stop() -> None:
        # The call also ends by such an error when the JVM is halted.
        with contextlib.suppress(Py4JError, OSError):
            session.stop()

    stopping = threading.Thread(target=stop, daemon=True)
    stopping.start()
    stopping.join(timeout_s)
    if stopping.is_alive():
        log.warning("spark_halted", waited_s=timeout_s)
        with contextlib.suppress(Py4JError, OSError):
            jvm.java.lang.Runtime.getRuntime().halt(1)


def _is_busy(query: StreamingQuery, last: int) -> bool:
    """Return whether the query is still in the micro-batch after number `last`."""
    return query.isActive and bool(query.status["isTriggerActive"]) and _last_batch(query) == last


def _last_batch(query: StreamingQuery) -> int:
    progress = query.lastProgress
    return -1 if progress is None else int(progress["batchId"])
