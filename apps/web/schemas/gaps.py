"""Gaps in the read API."""

from pydantic import BaseModel, Field

from domain.gaps import Spans

from .fields import Millis, iso


class GapOut(BaseModel):
    """A span in which no producer received the symbol, or in which trades may be lost."""

    start: str
    start_ms: Millis
    end: str
    end_ms: Millis


class GapList(BaseModel):
    """The gaps of one symbol in a span, up to now."""

    symbol: str
    is_known: bool = Field(
        description="Whether any connection event of the symbol is stored for the span; false for a replay"
    )
    gaps: list[GapOut]


def gaps_out(gaps: Spans) -> list[GapOut]:
    """Return gaps as JSON models."""
    return [
        GapOut(start=iso(gap.start_ms), start_ms=gap.start_ms, end=iso(gap.end_ms), end_ms=gap.end_ms) for gap in gaps
    ]
