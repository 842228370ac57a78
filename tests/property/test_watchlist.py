"""Laws of the watchlist: each symbol once, adding displaces nothing, odd records do no harm."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.validation import is_symbol
from domain.watchlist import UNKNOWN_MS, Book, encode_value, share_of

PARTITIONS = 6
SYMBOLS = [f"S{number}" for number in range(12)]

changes = st.lists(
    st.tuples(
        st.integers(0, PARTITIONS - 1),
        st.sampled_from(SYMBOLS),
        st.none() | st.integers(0, 5).map(encode_value) | st.binary(max_size=20),
    ),
    max_size=40,
)
owners = st.lists(st.integers(0, 3), min_size=PARTITIONS, max_size=PARTITIONS)


def book_of(records: list[tuple[int, str, bytes | None]]) -> Book:
    book = Book()
    for partition, symbol, value in records:
        assert book.take(partition, symbol.encode(), value)
    return book


@given(changes)
def test_what_is_on_the_list_is_what_a_record_of_a_value_put_last_on_some_partition(
    records: list[tuple[int, str, bytes | None]],
) -> None:
    book = book_of(records)
    newest = {(partition, symbol): value for partition, symbol, value in records}
    places = {
        symbol: [partition for partition in range(PARTITIONS) if newest.get((partition, symbol)) is not None]
        for symbol in SYMBOLS
    }
    assert {symbol: book.parts_of(symbol) for symbol in SYMBOLS} == places
    assert {entry.symbol: entry.part for entry in book.entries()} == {
        symbol: found[0] for symbol, found in places.items() if found
    }


@given(changes, owners, st.integers(1, 5))
def test_however_the_partitions_are_dealt_out_each_symbol_is_one_instances(
    records: list[tuple[int, str, bytes | None]], dealt: list[int], cap: int
) -> None:
    entries = book_of(records).entries()
    shares = [
        share_of(entries, {partition for partition, owner in enumerate(dealt) if owner == instance}, cap)
        for instance in range(4)
    ]
    counts = Counter(symbol for share in shares for symbol in (*share.symbols, *share.waiting))
    assert counts == Counter(entry.symbol for entry in entries)
    for share in shares:
        assert len(share.symbols) <= cap
        assert not share.waiting or len(share.symbols) == cap


@given(st.lists(st.sampled_from(SYMBOLS), unique=True), st.sampled_from(SYMBOLS), st.integers(1, 5))
def test_adding_a_symbol_later_displaces_none(listed: list[str], new: str, cap: int) -> None:
    book = Book()
    for symbol in listed:
        book.take(0, symbol.encode(), encode_value(5))
    before = share_of(book.entries(), {0}, cap)
    if new not in listed:
        book.take(0, new.encode(), encode_value(6))
    after = share_of(book.entries(), {0}, cap)
    assert after.symbols[: len(before.symbols)] == before.symbols


@given(st.lists(st.sampled_from(SYMBOLS), unique=True))
def test_partitions_are_filled_evenly(listed: list[str]) -> None:
    book = Book()
    for symbol in listed:
        book.take(book.emptiest(range(PARTITIONS)), symbol.encode(), encode_value(1))
    counts = [sum(entry.part == partition for entry in book.entries()) for partition in range(PARTITIONS)]
    assert max(counts) - min(counts) <= 1


@given(st.binary(max_size=80) | st.none(), st.binary(max_size=80) | st.none())
def test_any_record_is_taken_or_refused_and_a_refused_one_changes_nothing(
    key: bytes | None, value: bytes | None
) -> None:
    book = Book()
    book.take(1, b"AAPL", encode_value(7))
    before = book.entries()
    taken = book.take(1, key, value)
    assert taken == (key is not None and key.isascii() and is_symbol(key.decode()))
    assert taken or book.entries() == before


not_times = st.recursive(
    st.none() | st.booleans() | st.integers(max_value=-1) | st.integers(min_value=UNKNOWN_MS) | st.floats() | st.text(),
    st.lists,
    max_leaves=5,
)


@given(st.integers(0, UNKNOWN_MS - 1), st.integers(0, UNKNOWN_MS - 1))
def test_entries_are_in_the_order_of_the_times_in_their_values(one_ms: int, other_ms: int) -> None:
    book = Book()
    book.take(0, b"ONE", json.dumps({"v": 9, "added_ms": one_ms}).encode())
    book.take(0, b"OTHER", encode_value(other_ms))
    found = [(entry.symbol, entry.added_ms) for entry in book.entries()]
    assert found == sorted([("ONE", one_ms), ("OTHER", other_ms)], key=lambda entry: (entry[1], entry[0]))


@given(not_times)
def test_an_entry_whose_value_does_not_state_when_it_was_added_comes_after_all_others(odd: object) -> None:
    book = Book()
    book.take(0, b"ODD", json.dumps({"v": 9, "added_ms": odd}).encode())
    book.take(0, b"PLAIN", encode_value(UNKNOWN_MS - 1))
    assert [entry.symbol for entry in book.entries()] == ["PLAIN", "ODD"]
