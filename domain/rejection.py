"""Reasons why an input was rejected, as values.

Nothing is dropped silently: whatever fails a rule becomes a `DeadLetter` with the original bytes, a named reason and where it came from.
The names of the reasons are part of the format of the dead-letter topic; Spark's rules give the same ones.
"""

import enum
from collections.abc import Mapping
from typing import Final, Self

import attrs

SUSPECT_SHARE: Final = 0.05
"""Share of rejected trades above which a person should look at the source."""


_LATEST_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999: a later one is no datetime."""


class Reason(enum.StrEnum):
    """Named reasons, in the order of the rules: the first rule that fails gives the reason."""

    MALFORMED = "malformed"
    """Not the expected JSON."""
    UNSUPPORTED_VERSION = "unsupported_version"
    """A record of another schema version."""
    MISSING_OR_MISTYPED = "missing_or_mistyped"
    """A field is absent or of a wrong type."""
    BAD_SYMBOL = "bad_symbol"
    NOT_FINITE = "not_finite"
    PRICE_NOT_POSITIVE = "price_not_positive"
    NEGATIVE_VOLUME = "negative_volume"
    TOO_PRECISE = "too_precise"
    """More than 8 decimals."""
    TOO_LARGE = "too_large"
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"


@attrs.frozen(kw_only=True)
class Rejection:
    """A named reason, and a detail for people: which field, and why. The detail quotes at most a few characters of the input."""

    reason: Reason
    detail: str = ""


@attrs.frozen(kw_only=True)
class DeadLetter:
    """A rejected input, with all that is needed to find the cause and to replay it."""

    payload: bytes
    """The original bytes, unchanged."""
    rejection: Rejection
    source: str
    """Where the input came from: the name of a feed, or `topic/partition/offset`."""
    rejected_ms: int

    def headers(self) -> dict[str, bytes]:
        """Return the headers of the dead-letter record; the payload is its value."""
        return {
            "reason": self.rejection.reason.encode(),
            "detail": self.rejection.detail.encode(),
            "source": self.source.encode(),
            "rejected_ms": str(self.rejected_ms).encode(),
        }

    @classmethod
    def from_headers(cls, payload: bytes, headers: Mapping[str, bytes]) -> Self:
        """Return the dead letter that `headers` wrote. Raise ValueError or KeyError for other headers."""
        rejected_ms = int(headers["rejected_ms"])
        if not 0 <= rejected_ms <= _LATEST_MS:
            raise ValueError("rejected_ms: not a time")
        rejection = Rejection(reason=Reason(headers["reason"].decode()), detail=headers["detail"].decode())
        return cls(
            payload=payload,
            rejection=rejection,
            source=headers["source"].decode(),
            rejected_ms=rejected_ms,
        )


def is_suspect(*, accepted: int, rejected: int) -> bool:
    """Return whether so many trades of a source were rejected that a person should look at it."""
    return rejected > SUSPECT_SHARE * (accepted + rejected)
