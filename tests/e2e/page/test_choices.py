"""The length of a candle and the view are chosen on the page; extended sessions are shaded."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.exchange_calendar.markets import NYSE
from apps.web.server import PageServer
from domain.rollup import rollup, rollup_days
from domain.window import MINUTE_MS, to_ms
from tests.support.made_up_market import MadeUpMarket, now_ms

from .browser import Page
from .shown import table_of

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.timeout(300)]
OPENING_MS = to_ms(datetime(2019, 10, 11, 13, 30, tzinfo=UTC))
"""The regular hours of a Friday in New York begin."""
SHADES = """
const found = new Set();
for (const canvas of document.querySelectorAll("#chart td:nth-child(2) canvas")) {
  const row = canvas.getContext("2d").getImageData(0, 4, canvas.width, 1).data;
  for (let at = 0; at < row.length; at += 4) if (row[at + 3]) found.add(row.slice(at, at + 4).join());
}
return found.size;
"""
"""How many colours a line at the upper edge of the chart has: the background, its grid, and the shade of a session if one is shaded."""


def await_rows(page: Page, count: int) -> None:
    page.until(lambda: len(table_of(page)) == count, f"a table of {count} candles")


def test_the_length_of_a_candle_and_the_view_are_chosen_and_stay_in_the_address(page: Page) -> None:
    market = MadeUpMarket(("AAPL",))
    market.make_history(30)
    odd_lot = market.trade("AAPL", now_ms() // MINUTE_MS * MINUTE_MS - 1, price=Decimal(9_999), conditions=("1", "12"))
    with PageServer(market.source(), port=0) as server:
        page.open(server.url)
        minutes = page.until(lambda: table_of(page), "a table")
        page.run("document.querySelector('[data-choice=\"15m\"]').click()")
        longer = page.until(lambda: rows if 1 < len(rows := table_of(page)) < len(minutes) else None, "longer candles")
        assert longer is not None
        assert {row[0][-2:] for row in longer} <= {"00", "15", "30", "45"}
        assert any(row[2] == f"{odd_lot.price:,.2f}" for row in longer)
        page.run("document.querySelector('[data-choice=eligible]').click()")
        page.until(lambda: not any(row[2] == "9,999.00" for row in table_of(page)), "highs without the odd lot")
        address = str(page.driver.current_url)
        assert "interval=15m" in address
        assert "view=eligible" in address
        page.open(address)
        again = page.until(lambda: table_of(page), "a table")
        assert len(again) == len(longer)
        assert not any(row[2] == "9,999.00" for row in again)
        assert page.console() == []


def test_each_length_of_a_candle_is_the_roll_up_of_minutes(page: Page) -> None:
    market = MadeUpMarket(("AAPL",))
    for minute in range(-40, 360, 4):
        market.trade("AAPL", OPENING_MS + minute * MINUTE_MS)
    minutes = list(market.candles.read("AAPL", 0, 1 << 53, MINUTE_MS))
    with PageServer(market.source(is_recording=True), port=0) as server:
        page.open(server.url)
        for name, count in (
            *(
                (name, len(rollup(minutes, length * MINUTE_MS)))
                for name, length in {"5m": 5, "15m": 15, "1h": 60, "1m": 1}.items()
            ),
            ("1d", len(rollup_days(minutes, NYSE.hours))),
        ):
            page.run(f"document.querySelector('[data-choice=\"{name}\"]').click()")
            await_rows(page, min(count, 30))
            assert f"interval={name}" in str(page.driver.current_url)
        assert page.console() == []


def test_the_extended_sessions_are_shaded(page: Page) -> None:
    shades = []
    for first in (5, -40):
        market = MadeUpMarket(("AAPL",))
        for minute in range(first, 60):
            market.trade("AAPL", OPENING_MS + minute * MINUTE_MS)
        with PageServer(market.source(is_recording=True), port=0) as server:
            page.open(server.url)
            page.until(lambda: table_of(page), "a table")
            shades.append(page.until(lambda: page.run(SHADES), "a chart"))
    regular, with_pre_market = shades
    assert with_pre_market > regular
