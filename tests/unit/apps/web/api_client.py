"""Requests to the read API."""

from typing import Any

import httpx

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
    for _ in range(200):
        found: dict[str, Any] = httpx.get(f"{url}/api/symbols").json()
        if any(entry["candle"] for entry in found["symbols"]):
            return found
    raise AssertionError("no candle within 200 requests")
