"""Requests to the read API."""

from typing import Any

import httpx

from tests.support.timeouts import wait_until

SPAN = {"from": "1570752000000", "to": "2019-10-11T01:00:00Z"}
MIDNIGHT_MS = 1_570_752_000_000


def pages(client: httpx.Client, what: str, **query: Any) -> list[list[dict[str, Any]]]:
    """Follow the cursors of a query and return the rows of each page."""
    found, cursor = [], None
    while True:
        answer = client.get(f"/api/{what}", params={**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[what])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


def await_symbols(url: str) -> dict[str, Any]:
    """Return the symbols when the first poll has found their candles."""
    found: dict[str, Any] = {}

    def has_candle() -> bool:
        found.update(httpx.get(f"{url}/api/symbols").json())
        return any(entry["candle"] for entry in found["symbols"])

    wait_until(has_candle, "a candle")
    return found
