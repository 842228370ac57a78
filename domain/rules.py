"""The tolerances of the validation, with defaults for Finnhub's feed."""

from typing import Final

import attrs

DAY_MS: Final = 86_400_000


@attrs.frozen(kw_only=True)
class Rules:
    """Tolerances of the validation, in milliseconds."""

    max_age_ms: int = attrs.field(default=30 * DAY_MS, validator=attrs.validators.ge(0))
    """A trade older than this is rejected: by default as old as raw trades are kept."""
    future_tolerance_ms: int = attrs.field(default=10_000, validator=attrs.validators.ge(0))
    """How far ahead of the clock a trade's time may be. One time in the far future would move the watermark, and make all other trades late."""
