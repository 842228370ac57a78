"""What librdkafka has to say, as events of structlog: one line when the brokers are away, one when they are back, not one an attempt.

librdkafka reports each failed connection both as a log line and to the error callback, ten times a second at worst; of these only the first is
told. Of the other lines each keeps its level, and goes to debug when it is said again within a minute: while partitions wait for a leader, librdkafka says so
for each of them at every attempt to write. Texts of librdkafka name brokers and properties, never the values of passwords.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from confluent_kafka import KafkaError

from .codes import ALL_BROKERS_UNAVAILABLE

_TOLD_BY_CALLBACK = frozenset({"FAIL", "ERROR", "REQTMOUT", "CLOSE"})
"""Facilities of log lines that say once more, at every attempt, what the error callback says."""

_SAID_AGAIN_S = 60.0
"""What is said again sooner than this tells nothing new, in seconds."""


class ClientLog:
    """Callbacks for one client: hand `options` to its constructor. They run inside its `poll`."""

    def __init__(
        self, client: str, servers: str, on_statistics: Callable[[Mapping[str, Any]], None] | None = None
    ) -> None:
        self._log = structlog.get_logger(__name__).bind(client=client, servers=servers)
        self._away = False
        self._said: dict[tuple[str, str], float] = {}
        self._pass_on = on_statistics
        self.last_error = ""
        """The latest error in words, for whoever has to explain why nothing answers."""

    def options(self) -> dict[str, Any]:
        """Give the callbacks as properties."""
        return {"error_cb": self._on_error, "stats_cb": self._on_statistics, "logger": self}

    def log(self, level: int, _format: str, facility: str, _name: str, text: str) -> None:
        """Take a log line of librdkafka."""
        if facility in _TOLD_BY_CALLBACK:
            return
        now = time.monotonic()
        self._said = {line: at for line, at in self._said.items() if now - at < _SAID_AGAIN_S}
        if (facility, text) in self._said:
            level = logging.DEBUG
        else:
            self._said[facility, text] = now
        self._log.log(level, "librdkafka", facility=facility, text=text)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == ALL_BROKERS_UNAVAILABLE:
            if not self._away:
                self._away = True
                self._log.warning("brokers are away", error=self.last_error or error.str())
        else:
            self.last_error = error.str()

    def _on_statistics(self, text: str) -> None:
        if not self._away and self._pass_on is None:
            return
        report = json.loads(text)
        if self._pass_on is not None:
            self._pass_on(report)
        if self._away:
            brokers = report["brokers"].values()
            if any(broker["state"] == "UP" and broker["nodeid"] >= 0 for broker in brokers):
                self._away = False
                self._log.info("brokers are back")
