import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.market import classify


@pytest.mark.parametrize(
    ("symbol", "venue", "asset_class"),
    [
        ("AAPL", "US", "stock"),
        ("BRK.B", "US", "stock"),
        ("0700.HK", "HK", "stock"),
        ("VOD.L", "L", "stock"),
        ("BINANCE:BTCUSDT", "BINANCE", "crypto"),
        ("COINBASE:BTC-USD", "COINBASE", "crypto"),
        ("OANDA:EUR_USD", "OANDA", "forex"),
        ("IC MARKETS:1", "IC MARKETS", "forex"),
        ("MARS:ROCK", "MARS", "unknown"),
    ],
)
def test_a_symbol_tells_its_market(symbol: str, venue: str, asset_class: str) -> None:
    market = classify(symbol)
    assert (market.venue, market.asset_class) == (venue, asset_class)


@given(st.text())
def test_every_text_has_a_market(symbol: str) -> None:
    assert classify(symbol).asset_class
