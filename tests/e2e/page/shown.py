"""What the page shows, and the made-up market behind it."""

from tests.support.made_up_market import MadeUpMarket

from .browser import Page


def market_of(*symbols: str, minutes: int = 90) -> MadeUpMarket:
    """Return a market with a history; its trades begin when it is entered."""
    market = MadeUpMarket(symbols or ("AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD"), per_s=100)
    market.make_history(minutes)
    return market


def close_shown(page: Page) -> str:
    """Return the close in the legend of the chart."""
    return str(page.run("return document.querySelector('#legend [data-field=close]').textContent"))


def table_of(page: Page) -> list[list[str]]:
    """Open the table of candles and return its cells, newest candle first."""
    page.run("document.getElementById('table-details').open = true")
    return list(
        page.run(
            "return [...document.querySelectorAll('#table-body tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
    )
