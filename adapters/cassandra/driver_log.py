"""Forward the driver's log to structlog: warnings only, one line each, the same message at most every half minute.

The driver logs each failed reconnect of each connection with a traceback, which hides the log of the application. The caller learns of an outage by
a StoreError anyway. A handler that the application has put on the logger `cassandra` stays, and then nothing is changed.
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
        self._logged_s: dict[tuple[str, str], float] = {}
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        key = (record.name, str(record.msg))
        with self._guard:
            if now - self._logged_s.get(key, -QUIET_S) < QUIET_S:
                return
            self._logged_s[key] = now
        try:
            text = record.getMessage().split("\n", 1)[0]
            _log.warning("cassandra_driver", part=record.name, text=text)
        except Exception:  # noqa: BLE001 - the logging protocol: a log line never breaks its caller
            self.handleError(record)


_installing = threading.Lock()


def quiet_driver_log() -> None:
    """Install the forwarding, once in this process."""
    logger = logging.getLogger(_LOGGER)
    with _installing:
        # The driver itself installs a handler that does nothing, of a class of its own.
        if any(type(handler).__name__ != "NullHandler" for handler in logger.handlers):
            return
        logger.addHandler(_Forward())
        logger.propagate = False
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
