"""Field types that several models share."""

from typing import Annotated

from pydantic import Field

from domain.window import to_datetime

Exact = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["0.00141342"])]
Millis = Annotated[int, Field(description="Milliseconds since the epoch, UTC", examples=[1570752000000])]


def iso(timestamp_ms: int) -> str:
    """Return a time in milliseconds since the epoch as ISO 8601 text, UTC, with milliseconds."""
    return to_datetime(timestamp_ms).isoformat(timespec="milliseconds")
