"""A load of trades at a steady pace, in the background, for faults that happen under load."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from domain.window import MINUTE_MS
from tests.support.aggregators import Site
from tests.support.timeouts import TIMEOUT_S

from .stored_ledger import put
from .tape import SYMBOLS, Tape

PACE_S: Final = 0.5
TRADES: Final = 50
"""At least so many at a time."""
BEGIN_HOURS_AGO: Final = 6
"""The tape runs faster than time. From here it reaches the present after two hours of load."""


class SteadyLoad:
    """Puts trades on the topic of a site within a `with` block, or until `stop`. Both raise what a put raised."""

    def __init__(self, site: Site, seed: int, symbols: Sequence[str] = SYMBOLS) -> None:
        self.sent = 0
        self._site = site
        begin_ms = time.time_ns() // 1_000_000 - BEGIN_HOURS_AGO * 60 * MINUTE_MS
        self._tape = Tape(seed, begin_ms, symbols)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="steady-load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Stop, and return the number of trades that were sent and acknowledged."""
        self._stopped.set()
        self._thread.join(TIMEOUT_S)
        if self._error is not None:
            raise self._error
        assert not self._thread.is_alive()
        return self.sent

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                trades = self._tape.trades(TRADES)
                put(self._site, trades)
                self.sent += len(trades)
                self._stopped.wait(PACE_S)
        except BaseException as error:  # noqa: BLE001 - raised by `stop`, in the thread of the test
            self._error = error
