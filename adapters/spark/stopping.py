"""Stopping in order, whichever process is asked.

Under spark-submit the JVM is the parent and gets SIGTERM; left alone it would end in the middle of a micro-batch. So it only passes the signal on
to Python, whose main thread then stops the queries: each may finish the micro-batch that it is in, for a bounded time. One that is cut off is
done again at the next start and writes the same rows.

Nothing here may wait forever, because what has not ended is not started again. A micro-batch that hangs in Cassandra's driver (of which one part, after
it lost its control connection, never answers again) cannot be interrupted, and Spark's own end waits for it. So each step is bounded, and what is
left of Spark after the last one is halted: all that counts is in the checkpoint.
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
    """A `sun.misc.SignalHandler`."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask

    def handle(self, _signal: object) -> None:
        self._ask()

    class Java:
        """What Py4J reads."""

        implements = ("sun.misc.SignalHandler",)


def relay_signals(ask: Callable[[], None]) -> None:
    """Call `ask`, from another thread, when the JVM gets SIGTERM or SIGINT, in place of what it would do. The session must be up."""
    gateway: Any = SparkContext._gateway  # noqa: SLF001 - signals of the JVM can only be had through its gateway
    ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
    handler = _SignalHandler(ask)
    for name in ("TERM", "INT"):
        gateway.jvm.sun.misc.Signal.handle(gateway.jvm.sun.misc.Signal(name), handler)


def stop_queries(queries: Sequence[StreamingQuery], timeout_s: float) -> None:
    """Let each query finish the micro-batch that it is in, for `timeout_s` seconds in all, then stop it."""
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
    """Stop Spark; where it has not ended in so many seconds, halt its JVM, with the exit code 1."""
    jvm: Any = session.sparkContext._jvm  # noqa: SLF001

    def stop() -> None:
        # It also ends so when the JVM is halted under it.
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
    """Say whether the query is still in the micro-batch that follows number `last`."""
    return query.isActive and bool(query.status["isTriggerActive"]) and _last_batch(query) == last


def _last_batch(query: StreamingQuery) -> int:
    progress = query.lastProgress
    return -1 if progress is None else int(progress["batchId"])
