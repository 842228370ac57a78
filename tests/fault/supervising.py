"""The aggregator under a supervisor: it ends when a query fails, as documented, and is restarted on the same checkpoint.

The policy is that of deploy/systemd/tapeline-aggregator.service: Restart=always and RestartSec=5.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from adapters.kafka.offsets import end_offsets
from adapters.spark.committed_offsets import committed_offsets
from tests.support.aggregators import Program, Site, until
from tests.support.timeouts import scaled

TIMEOUT_S = scaled(420.0)
"""Several starts of a cold Spark, on a machine that runs three nodes as well."""

MAX_STARTS = 20

RESTART_S = 5.0
"""How long the supervisor waits before it starts the program again, as by RestartSec."""


class Supervisor:
    """Keeps the aggregator of a site running within a `with` block; `starts` is the number of starts."""

    def __init__(self, site: Site) -> None:
        self.starts = 0
        self._site = site
        self._program: Program | None = None
        self._start_at = 0.0

    def __enter__(self) -> Self:
        self._tend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.kill()

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Wait for a condition, and restart the program each time that it ends."""

        def tended() -> bool:
            self._tend()
            return done()

        until(tended, what, TIMEOUT_S)

    def until_stored(self) -> None:
        """Wait until everything that is on the topic now is stored."""
        self.until(self._site.all_is_stored, "everything is stored")

    def until_more_is_stored(self, count: int) -> None:
        """Wait until both queries of trades have stored so many more records."""
        goal = self._committed + count
        self.until(lambda: self._committed >= goal, f"{count} more records are stored")

    @property
    def lag(self) -> int:
        """The number of records that the slower query of trades has not committed."""
        return sum(end_offsets(self._site.kafka, self._site.kafka.trades_topic).values()) - self._committed

    @property
    def _committed(self) -> int:
        topic = self._site.kafka.trades_topic
        return min(sum(committed_offsets(query, topic).values()) for query in self._site.queries)

    def _tend(self) -> None:
        if self._program is not None and self._program.process.poll() is not None:
            last_lines = self._program.text()[-3000:]
            self._program.kill()
            self._program = None
            self._start_at = time.monotonic() + RESTART_S
            assert self.starts < MAX_STARTS, last_lines
        if self._program is None and time.monotonic() >= self._start_at:
            self._program = Program.start(self._site, "--trigger", "0.5")
            self.starts += 1
