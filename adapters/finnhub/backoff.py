"""How long to wait before connecting again.

1. The n-th attempt in a row waits a random time between 0 and `base x 2^n`, at most `cap` ("full jitter",
   https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): clients that were cut off together do not reconnect together.
2. After HTTP 429 the wait starts from 30 s and doubles, with up to a half more at random; never shorter than the server's `Retry-After`.
3. `reset` starts from the first wait again. Call it only for a connection that has lasted: a handshake is not enough, or two producers on one key
   would close each other's connections as fast as they can connect.
"""

import random
from typing import Final

_MAX_DOUBLINGS: Final = 30


class Backoff:
    """The waits of one connection, in seconds."""

    def __init__(
        self, *, base_s: float, cap_s: float, rate_limited_base_s: float, rate_limited_cap_s: float, rng: random.Random
    ) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._rate_limited_base_s = rate_limited_base_s
        self._rate_limited_cap_s = rate_limited_cap_s
        self._rng = rng
        self._failures = 0
        self._refusals = 0

    def after_failure(self) -> float:
        """Return the wait after a connection was lost or could not be made (s)."""
        self._refusals = 0
        ceiling = min(self._cap_s, self._base_s * 2.0 ** min(self._failures, _MAX_DOUBLINGS))
        self._failures += 1
        return self._rng.uniform(0, ceiling)

    def after_rate_limit(self, retry_after_s: float | None = None) -> float:
        """Return the wait after HTTP 429 (s)."""
        wait = min(self._rate_limited_cap_s, self._rate_limited_base_s * 2.0 ** min(self._refusals, _MAX_DOUBLINGS))
        self._refusals += 1
        if retry_after_s is not None:
            wait = max(wait, min(retry_after_s, self._rate_limited_cap_s))
        return wait + self._rng.uniform(0, wait / 2)

    def reset(self) -> None:
        """Start from the first wait again: the connection has lasted."""
        self._failures = 0
        self._refusals = 0
