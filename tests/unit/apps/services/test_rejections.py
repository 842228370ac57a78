"""Dead letters counted by symbol."""

import attrs
import pytest

from apps.services.rejections import Rejections
from domain.dead_letters import StoredLetter
from domain.rejection import DeadLetter, Reason, Rejection


def letter(payload: bytes, moment_ms: int = 1_000) -> StoredLetter:
    rejection = Rejection(reason=Reason.MALFORMED)
    return StoredLetter(
        place="0/1",
        appended_ms=moment_ms,
        letter=DeadLetter(payload=payload, rejection=rejection, source="finnhub", rejected_ms=moment_ms),
    )


@pytest.mark.parametrize(
    ("payload", "symbols"),
    [
        (b'{"p":-1,"s":"AAPL","t":1,"v":1}', {"AAPL"}),
        (b'{"v":1,"symbol":"AAPL","price":-1}', {"AAPL"}),
        (b'{"data":[{"s":"AAPL"},{"s":"MSFT"},{"s":"AAPL"},7,{"s":7}],"type":"trade"}', {"AAPL", "MSFT"}),
        (b'{"s":7}', {""}),
        (b'["AAPL"]', {""}),
        (b'{"data":7}', {""}),
        (b"not JSON", {""}),
        (b"\xff\x00", {""}),
        (b"", {""}),
        (b"[" * 100_000, {""}),
    ],
)
def test_the_payload_names_the_symbols(payload: bytes, symbols: set[str]) -> None:
    found = Rejections.of_letters([letter(payload)], known_from_ms=0)
    assert {symbol for symbol, _, _ in found.found} == symbols
    assert found.unattributed == ("" in symbols)
    for symbol in symbols:
        assert found.count(symbol, 0, 2_000) == {"malformed": 1}


def test_the_time_of_the_rejection_decides() -> None:
    found = Rejections.of_letters([letter(b'{"s":"A"}', ms) for ms in (999, 1_000, 1_999, 2_000)], known_from_ms=1_000)
    assert found.count("A", 1_000, 2_000) == {"malformed": 2}
    assert found.count("B", 1_000, 2_000) == {}
    assert found.count("A", 999, 2_000) is None


def test_a_letter_that_was_replayed_no_longer_counts() -> None:
    replayed, tried = (attrs.evolve(letter(b'{"s":"A"}'), attempts=1, is_replayed=done) for done in (True, False))
    nameless = attrs.evolve(letter(b"not JSON"), is_replayed=True)
    found = Rejections.of_letters([replayed, tried, nameless], known_from_ms=0)
    assert found.count("A", 0, 2_000) == {"malformed": 1}
    assert found.unattributed == 0
