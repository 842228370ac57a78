"""The dashboard of some release as a child process, read through its API."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import requests

from tests.parity.twins import CandleRow
from tests.support.aggregators import Site
from tests.support.releases import Release
from tests.support.timeouts import TIMEOUT_S, wait_until


@attrs.frozen
class ReadApi:
    """The read API of a running dashboard."""

    url: str

    def candles(self, symbol: str) -> list[dict[str, Any]]:
        """Return the candles of the last hour, oldest first."""
        answer = requests.get(f"{self.url}/api/candles", params={"symbol": symbol}, timeout=TIMEOUT_S)
        assert answer.ok, answer.text
        return list(answer.json()["candles"])

    def check(self, site: Site, symbol: str) -> None:
        """Compare the API with the table, while nothing writes: the candles of the symbol in all fields that both releases have."""
        read = [(candle["window_start_ms"], *_values(candle)) for candle in self.candles(symbol)]
        stored = [row for row in site.stored_candles() if row.symbol == symbol]
        assert read == [(row.window_start_ms, *_values(row._asdict())) for row in stored]
        assert read


def _values(candle: dict[str, Any]) -> list[Decimal]:
    names = CandleRow._fields
    raw = names[names.index("open") : names.index("vwap")]
    return [Decimal(candle[name]) for name in raw]


@contextmanager
def read_api(site: Site, release: Release) -> Iterator[ReadApi]:
    """Run the dashboard of a release within the block."""
    log = site.folder / f"dashboard-{time.monotonic_ns()}.log"
    command = [*release.command("apps.cli"), "dashboard", "--web-port", "0"]
    environment = {**release.variables(), **site.variables}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=release.code, env=environment, stdout=output, stderr=output)
    try:
        wait_until(lambda: process.poll() is not None or _url(log) is not None, "the dashboard serves", 2 * TIMEOUT_S)
        url = _url(log)
        assert url is not None, log.read_text("utf-8")
        yield ReadApi(url)
    finally:
        process.kill()
        process.wait()


def _url(log: Path) -> str | None:
    found = re.search(r"the page is at (http://\S+?)/?\s", log.read_text("utf-8"))
    return found[1] if found else None
