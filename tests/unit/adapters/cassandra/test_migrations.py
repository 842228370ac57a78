"""Schema files are read in order, and known by their statements."""

import pytest

from adapters.cassandra.migrations import Migration, in_order, shipped
from ports.errors import StoreError


def test_the_shipped_files_are_numbered_and_safe_to_run_again() -> None:
    files = shipped()
    assert [file.number for file in files] == list(range(1, len(files) + 1))
    assert [file.name for file in files][:2] == ["0001_trades_v2.cql", "0002_trade_aggregates.cql"]
    for statement in (statement for file in files for statement in file.statements):
        assert "IF NOT EXISTS" in statement


def test_a_file_is_split_into_statements_without_its_comments() -> None:
    file = Migration.parse("0001_a.cql", "-- one; two\nCREATE TABLE a;\n\n  -- three;\nCREATE TABLE b\n  (c int);")
    assert file.statements == ("CREATE TABLE a", "CREATE TABLE b\n  (c int)")


def test_a_comment_does_not_change_a_file_and_a_statement_does() -> None:
    first, commented, changed = (
        Migration.parse("0001_a.cql", text) for text in ("CREATE a;", "-- why\nCREATE a;\n", "CREATE b;")
    )
    assert first.checksum == commented.checksum
    assert first.checksum != changed.checksum


def test_files_come_by_number() -> None:
    files = in_order({"0002_b.cql": "b;", "0001_c.cql": "c;", "0003_a.cql": "a;"})
    assert [file.name for file in files] == ["0001_c.cql", "0002_b.cql", "0003_a.cql"]


@pytest.mark.parametrize(
    "texts",
    [
        {"0001_a.cql": "a;", "0003_b.cql": "b;"},
        {"0001_a.cql": "a;", "0001_b.cql": "b;"},
        {"0002_a.cql": "a;"},
        {"a.cql": "a;"},
        {"0001_a.cql": "-- nothing\n"},
    ],
    ids=["a gap", "the same number twice", "no first", "no number", "no statement"],
)
def test_files_out_of_order_are_refused(texts: dict[str, str]) -> None:
    with pytest.raises(StoreError, match="schema file"):
        in_order(texts)
