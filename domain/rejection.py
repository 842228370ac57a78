"""Why something was not taken, as values.

Nothing is dropped silently: whatever fails a rule becomes a `DeadLetter` with the original bytes, a named reason and where it came from.
The names of the reasons are part of the format of the dead-letter topic; Spark's rules give the same ones.
"""

import enum
from collections.abc import Mapping
from typing import Final, Self

import attrs

SUSPECT_SHARE: Final = 0.05
"""Share of rejected trades above which somebody should look at the source."""


class Reason(enum.StrEnum):
    """Named reasons, in the order in which the rules are asked: the first that fails is the one given."""

    MALFORMED = "malformed"
    """Not the expected JSON at all."""
    UNSUPPORTED_VERSION = "unsupported_version"
    """A topic record of another schema version."""
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
    """A named reason and, for the reader, which field and why. The detail never quotes more than a few characters of input."""

    reason: Reason
    detail: str = ""


@attrs.frozen(kw_only=True)
class DeadLetter:
    """Something rejected, with what is needed to find out why and to send it again."""

    payload: bytes
    """The original bytes, unchanged."""
    rejection: Rejection
    source: str
    """Where it came from: a feed's name, or `topic/partition/offset`."""
    rejected_ms: int

    def headers(self) -> dict[str, bytes]:
        """Give the headers of the dead-letter record; the payload is its value."""
        return {
            "reason": self.rejection.reason.encode(),
            "detail": self.rejection.detail.encode(),
            "source": self.source.encode(),
            "rejected_ms": str(self.rejected_ms).encode(),
        }

    @classmethod
    def from_headers(cls, payload: bytes, headers: Mapping[str, bytes]) -> Self:
        """Read back what `headers` wrote. Raises ValueError or KeyError on headers that it did not write."""
        rejection = Rejection(reason=Reason(headers["reason"].decode()), detail=headers["detail"].decode())
        return cls(
            payload=payload,
            rejection=rejection,
            source=headers["source"].decode(),
            rejected_ms=int(headers["rejected_ms"]),
        )


def is_suspect(*, accepted: int, rejected: int) -> bool:
    """Return whether so many of a source's trades were rejected that somebody should look at it."""
    return rejected > SUSPECT_SHARE * (accepted + rejected)
