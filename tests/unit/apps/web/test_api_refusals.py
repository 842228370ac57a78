"""The read API refuses what it cannot answer, in words."""

import httpx
import pytest


@pytest.mark.parametrize(
    ("what", "query", "words"),
    [
        ("candles", {}, "symbol: Field required"),
        ("candles", {"symbol": ""}, "symbol: "),
        ("candles", {"symbol": "A", "limit": "0"}, "limit: "),
        ("candles", {"symbol": "A", "limit": "5001"}, "limit: "),
        ("candles", {"symbol": "A", "form": "now"}, "form: Extra inputs"),
        ("candles", {"symbol": "A", "from": "yesterday"}, "from: 'yesterday' is no moment"),
        ("candles", {"symbol": "A", "window": "1"}, "window: '1' is no length"),
        ("candles", {"symbol": "A", "from": "now", "to": "1h"}, "from: must not be after to"),
        ("candles", {"symbol": "A", "from": "2019-01-01"}, "at most 92 days"),
        ("trades", {"symbol": "A", "window": "1m"}, "window: Extra inputs"),
        ("trades", {"symbol": "A", "cursor": "x"}, "cursor: not a cursor of this server"),
        ("trades", {"symbol": "A", "cursor": "é"}, "cursor: not a cursor of this server"),
        ("trades", {"symbol": "A", "cursor": "W10"}, "cursor: not a cursor of trades"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(
    client: httpx.Client, what: str, query: dict[str, str], words: str
) -> None:
    answer = client.get(f"/api/{what}", params=query)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "bad_request"
    assert words in error["message"]


@pytest.mark.parametrize(
    ("what", "query", "words"),
    [
        ("candles", {"window": "999999999999d"}, "window: at most 1d"),
        ("candles", {"window": "86401s"}, "window: at most 1d"),
        ("candles", {"from": "999999999999999", "to": "999999999999999"}, "from, to: times lie in the years 2000 to"),
        ("trades", {"from": "1999-12-31T23:59:59.999"}, "from, to: times lie in the years 2000 to 2099"),
        ("gaps", {"from": "0001-01-01", "to": "0001-01-02"}, "from, to: times lie in the years 2000 to 2099"),
        ("gaps", {"from": "2019-01-01", "to": "2019-12-31"}, "from, to: at most 92 days"),
    ],
)
def test_lengths_and_spans_beyond_what_a_store_can_hold_are_refused(
    client: httpx.Client, what: str, query: dict[str, str], words: str
) -> None:
    answer = client.get(f"/api/{what}", params={"symbol": "AAPL", **query})
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]["message"]
