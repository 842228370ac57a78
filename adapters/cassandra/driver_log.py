"""The driver's log, made quiet: warnings only, one line each, the same one at most every half minute, as structlog events.

The driver logs each failed reconnect of each connection with a traceback, which buries what the application says. What it has to say about an outage
is also in the StoreError that the caller gets. Whoever has put a handler of their own on the logger `cassandra` keeps it, and nothing is changed.
"""

import logging
import threading
import time
from typing import Final

import structlog

QUIET_S: Final = 30.0
_LOGGER: Final = "cassandra"
_log = structlog.get_logger("adapters.cassandra")


class _Forward(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[tuple[str, str], float] = {}
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        key = (record.name, str(record.msg))
        with self._guard:
            if now - self._said.get(key, -QUIET_S) < QUIET_S:
                return
            self._said[key] = now
        try:
            text = record.getMessage().split("\n", 1)[0]
            _log.warning("cassandra_driver", part=record.name, text=text)
        except Exception:  # noqa: BLE001 - the logging protocol: a log line never breaks its caller
            self.handleError(record)


_installing = threading.Lock()


def quiet_driver_log() -> None:
    """Install the forwarding once in this process."""
    logger = logging.getLogger(_LOGGER)
    with _installing:
        # The driver itself puts a handler there that does nothing, of a class of its own.
        if any(type(handler).__name__ != "NullHandler" for handler in logger.handlers):
            return
        logger.addHandler(_Forward())
        logger.propagate = False
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
