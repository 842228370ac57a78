"""The logs of librdkafka, as events of structlog: one line when the brokers become unavailable or refuse the client, one when they are available again.

librdkafka reports each failed connection both as a log line and to the error callback, up to ten times a second: only the first report is logged.
Every other line keeps its level, but a line that is repeated within a minute is logged as debug: while partitions wait for a leader, librdkafka
reports each of them at every attempt to write. The texts of librdkafka name brokers and properties, never the values of passwords.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from confluent_kafka import KafkaError

from .codes import ALL_BROKERS_UNAVAILABLE, CREDENTIALS_REFUSED, REFUSED_CONNECTION

_REPORTED_BY_CALLBACK = frozenset({"FAIL", "ERROR", "REQTMOUT", "CLOSE"})
"""Facilities of log lines that repeat, at every attempt, what the error callback reports."""

_REPEATED_WITHIN_S = 60.0
"""A line that is repeated sooner than this (s) is logged as debug."""


class ClientLog:
    """Callbacks for one client: hand `options` to its constructor. They run inside its `poll`."""

    def __init__(
        self, client: str, servers: str, on_statistics: Callable[[Mapping[str, Any]], None] | None = None
    ) -> None:
        self._log = structlog.get_logger(__name__).bind(client=client, servers=servers)
        self._unavailable = False
        self._refusal_is_logged = False
        self._logged: dict[tuple[str, str], float] = {}
        self._on_report = on_statistics
        self.last_error = ""
        """The text of the latest error, to explain why no broker answers."""
        self.refusal = ""
        """The text of the latest refusal of credentials or of a certificate."""
        self.credentials_refused = False
        """Whether a broker refused the user or the password."""

    def forget_refusal(self) -> None:
        """Forget that a broker refused the client."""
        self.refusal, self.credentials_refused = "", False

    def options(self) -> dict[str, Any]:
        """Return the callbacks as properties."""
        return {"error_cb": self._on_error, "stats_cb": self._on_statistics, "logger": self}

    def log(self, level: int, _format: str, facility: str, _name: str, text: str) -> None:
        """Log a line of librdkafka."""
        if facility in _REPORTED_BY_CALLBACK:
            return
        now = time.monotonic()
        self._logged = {line: at for line, at in self._logged.items() if now - at < _REPEATED_WITHIN_S}
        if (facility, text) in self._logged:
            level = logging.DEBUG
        else:
            self._logged[facility, text] = now
        self._log.log(level, "librdkafka", facility=facility, text=text)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == ALL_BROKERS_UNAVAILABLE:
            if not self._unavailable:
                self._unavailable = True
                self._log.warning("brokers are unavailable", error=self.last_error or error.str())
        else:
            self.last_error = error.str()
            if error.code() in REFUSED_CONNECTION:
                self.refusal = error.str()
                self.credentials_refused |= error.code() == CREDENTIALS_REFUSED
                if not self._refusal_is_logged:
                    self._refusal_is_logged = True
                    # An outage may begin otherwise, and be a refusal from the time at which the brokers are back.
                    self._log.error("a broker refuses this client", error=error.str())

    def _on_statistics(self, text: str) -> None:
        if not self._unavailable and self._on_report is None:
            return
        report = json.loads(text)
        if self._on_report is not None:
            self._on_report(report)
        if self._unavailable:
            brokers = report["brokers"].values()
            if any(broker["state"] == "UP" and broker["nodeid"] >= 0 for broker in brokers):
                self._unavailable = self._refusal_is_logged = False
                self._log.info("brokers are available again")
