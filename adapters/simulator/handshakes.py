"""Which handshakes the server answers, refuses, or leaves hanging."""

import random
import time
from collections.abc import Collection

import attrs

from .quirks import Quirks


@attrs.frozen
class Answer:
    """What to do with a handshake: wait, then accept (no status), refuse, or hang."""

    delay_s: float = 0.0
    status: int | None = None
    retry_after_s: int | None = None
    hang: bool = False
    garbage: bytes | None = None
    """Bytes to send instead of HTTP."""


class Handshakes:
    """The plan for the next handshakes: first what tests ordered, then the keys, then the quirks."""

    def __init__(self, quirks: Quirks, seed: int, keys: Collection[str] = ()) -> None:
        self._quirks = quirks
        self._keys = keys
        self._rng = random.Random(f"{seed}/handshakes")  # noqa: S311 - reproducible, not secret
        self._ordered: list[Answer] = []
        self._last: dict[str, float] = {}
        self.count = 0
        """How many handshakes there were."""

    def order(self, answer: Answer, times: int) -> None:
        """Answer the next handshakes like this, `times` of them."""
        self._ordered += [answer] * times

    def clear(self) -> None:
        """Forget what was ordered."""
        self._ordered.clear()

    def next_answer(self, key: str) -> Answer:
        """Return what to do with the next handshake, which uses this key."""
        quirks = self._quirks
        self.count += 1
        now = time.monotonic()
        before = self._last.get(key)
        self._last[key] = now
        if self._ordered:
            return self._ordered.pop(0)
        if self._keys and key not in self._keys:
            return Answer(status=401)
        if before is not None and now - before < quirks.min_s_between_handshakes:
            return Answer(status=429)
        draw = self._rng.random()
        if draw < quirks.hanging_handshake_rate:
            return Answer(hang=True)
        if self._rng.random() < quirks.refused_handshake_rate:
            return Answer(status=429)
        return Answer(delay_s=quirks.handshake_delay_s)
