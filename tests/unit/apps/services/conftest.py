"""A producer on a clock that the test moves."""

from __future__ import annotations

import pytest

from .ingest_line import Line


@pytest.fixture
def line() -> Line:
    """A producer whose records are acknowledged at once."""
    return Line()
