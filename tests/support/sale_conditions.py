"""The minute rule of US sale conditions, written down a second time as plain sets: what the tables and expressions are compared with."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
NO_PRICE = frozenset(map(str, (3, 5, 9, 10, 12, 16, 17, 20, 21, 22, 25, 26, 27, 30, 32, 37, 39)))
NO_RULE_KNOWN = frozenset(("11", "38", "40"))
NO_VOLUME = frozenset(("16", "20", "39"))
ALL = frozenset(map(str, range(1, 42)))
FORM_T = "24"


def sets_price(codes: Iterable[str], *, is_extended: bool) -> bool:
    """Return whether a US stock's trade sets prices, in the pre-market and the post-market or outside of them."""
    found = frozenset(codes)
    return not (found & (NO_PRICE | NO_RULE_KNOWN) or found - ALL) and (FORM_T not in found or is_extended)


def is_extended_on_a_full_day(timestamp_ms: int) -> bool:
    """Return whether a moment of a trading day without an early close is in the pre-market or the post-market."""
    local = datetime.fromtimestamp(timestamp_ms / 1000, NEW_YORK)
    minute = local.hour * 60 + local.minute
    return 4 * 60 <= minute < 9 * 60 + 30 or 16 * 60 <= minute < 20 * 60


def counts_in_volume(codes: Iterable[str]) -> bool:
    """Return whether a US stock's trade counts in the volume."""
    return not NO_VOLUME & frozenset(codes)
