"""What `tapeline watchlist` reads and shows, without a server."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from adapters.finnhub.key_name import name_of_key
from adapters.kafka.instances import Instance
from apps.output.watchlist_rows import coverage
from apps.settings.producer import ProducerSettings
from apps.watchlist import symbols_in, watchlist
from domain.watchlist import Entry


def entry(symbol: str, part: int, added_ms: int = 0) -> Entry:
    return Entry(symbol=symbol, added_ms=added_ms, part=part)


def test_a_file_has_a_symbol_a_line_and_remarks() -> None:
    assert symbols_in("# stocks\nAAPL\r\n\n  MSFT  \nIC MARKETS:1\n") == ["AAPL", "MSFT", "IC MARKETS:1"]


def test_each_symbol_is_shown_with_who_covers_it() -> None:
    one = Instance(name="k1", host="a", cap=1, partitions=frozenset({0}))
    unknown = Instance(name="k2", host="b", cap=None, partitions=frozenset({1}))
    entries = [entry("OLD", 0, 1), entry("NEW", 0, 2), entry("THERE", 1), entry("LONELY", 2)]
    assert coverage(entries, [one, unknown]) == [
        ("LONELY", "nobody", ""),
        ("NEW", "waits", "k1 on a"),
        ("OLD", "covered", "k1 on a"),
        ("THERE", "covered", "k2 on b"),
    ]


def test_without_kafka_it_says_so_in_a_line() -> None:
    arguments = ["--kafka-bootstrap-servers", "127.0.0.1:1", "--kafka-connect-timeout-s", "0.5"]
    for command in (["add", "AAPL"], ["remove", "AAPL"], ["list"]):
        result = CliRunner().invoke(watchlist, [*command, *arguments])
        assert "no Kafka broker at 127.0.0.1:1" in str(result.exception)


def test_a_name_of_a_key_does_not_tell_the_key_and_differs_by_purpose() -> None:
    key = "c0ffee-not-a-real-token"
    names = {name_of_key(key, "one"), name_of_key(key, "other"), name_of_key(key + "x", "one")}
    assert len(names) == 3
    assert name_of_key(key, "one") in names
    assert all(len(name) == 16 and key not in name for name in names)


@pytest.mark.parametrize("changes", [{"symbols": ("AAPL",)}, {"feed": "replay", "replay": "x.jsonl"}])
def test_a_watchlist_and_another_source_of_symbols_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="--watchlist"):
        ProducerSettings(watchlist=True, **changes)  # type: ignore[arg-type]
