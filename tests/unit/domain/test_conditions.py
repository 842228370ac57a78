"""Reading a table of conditions."""

import pytest

from domain.conditions import PriceRule, parse_table
from domain.errors import TapelineError

HEADER = "# a comment\ncode\tname\tsip_letter\tsets_open_close\tsets_high_low\tcounts_in_volume\tconfidence\tsource"


def row(*cells: str) -> str:
    return "\n" + "\t".join(cells)


def test_a_row_is_a_condition() -> None:
    table = parse_table(HEADER + row("x9", "Late print", "Z", "no", "extended", "yes", "high", "a rule book"))
    condition = table["x9"]
    assert (condition.name, condition.sip_letter) == ("Late print", "Z")
    assert (condition.sets_open_close, condition.sets_high_low) == (PriceRule.NO, PriceRule.EXTENDED)
    assert condition.counts_in_volume
    assert (condition.confidence, condition.source) == ("high", "a rule book")


@pytest.mark.parametrize(
    "rows",
    [
        row("1", "Regular", "@", "maybe", "yes", "yes", "high", "x"),
        row("1", "Regular", "@", "yes", "yes", "1", "high", "x"),
        row("1", "Regular", "@", "yes"),
        row("1", "A", "@", "yes", "yes", "yes", "high", "x") + row("1", "B", "@", "yes", "yes", "yes", "high", "x"),
    ],
)
def test_a_table_that_is_not_clear_is_refused(rows: str) -> None:
    with pytest.raises(TapelineError, match="table of conditions"):
        parse_table(HEADER + rows)
