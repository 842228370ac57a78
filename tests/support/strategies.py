"""Hypothesis strategies for the domain's values, valid and ugly ones."""

from decimal import Decimal

from hypothesis import strategies as st

from domain.decimals import NOTIONAL_LIMIT, PRICE_LIMIT, SCALE, VOLUME_LIMIT, multiply
from domain.feed import RawTrade
from domain.identity import content_checksum, make_trade_id
from domain.market import classify
from domain.session import SessionEvent, SessionEventKind
from domain.trade import Trade

T0_MS = 1_700_000_000_000
"""A moment to build times around: 2023-11-14T22:13:20Z."""

SAFE_TEXT = "".join(chr(c) for c in range(0x20, 0x7F) if chr(c) not in '"\\')

known_symbols = st.sampled_from(["AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD", "IC MARKETS:1", "BRK.B", "0700.HK"])
odd_symbols = st.text(SAFE_TEXT, min_size=1, max_size=64).filter(lambda s: s == s.strip(" "))
symbols = known_symbols | odd_symbols


def _scaled(limit: Decimal, *, least: int) -> st.SearchStrategy[Decimal]:
    greatest = int(limit) * 10**SCALE - 1
    usual = st.integers(least, 10**11)
    return (usual | st.integers(least, greatest)).map(lambda n: Decimal(n).scaleb(-SCALE))


prices = _scaled(PRICE_LIMIT, least=1)
volumes = st.just(Decimal(0)) | _scaled(VOLUME_LIMIT, least=0)
amounts = st.tuples(prices, volumes).filter(lambda pv: multiply(*pv) < NOTIONAL_LIMIT)
timestamps = st.integers(T0_MS - 200_000, T0_MS + 200_000)
known_codes = st.sampled_from(["1", "12", "24"]) | st.sampled_from([str(code) for code in range(1, 42)])
conditions = (st.lists(known_codes, max_size=4) | st.lists(st.text(SAFE_TEXT, max_size=16), max_size=4)).map(tuple)
"""Finnhub's codes of US stocks, or any text."""


@st.composite
def trades(
    draw: st.DrawFn,
    *,
    symbol: st.SearchStrategy[str] = symbols,
    timestamp_ms: st.SearchStrategy[int] = timestamps,
) -> Trade:
    """One valid trade; ids are arbitrary, so two of one millisecond may share theirs."""
    price, volume = draw(amounts)
    codes = draw(conditions)
    name = draw(symbol)
    moment = draw(timestamp_ms)
    market = classify(name)
    return Trade(
        symbol=name,
        price=price,
        volume=volume,
        timestamp_ms=moment,
        trade_id=make_trade_id(draw(st.integers(0, 30)), content_checksum(price, volume, codes)),
        conditions=codes,
        received_ms=moment + draw(st.integers(-5_000, 60_000)),
        venue=market.venue,
        asset_class=market.asset_class,
    )


few_symbols = st.sampled_from(["AAPL", "BINANCE:BTCUSDT"])
streams = st.lists(trades(symbol=few_symbols), max_size=40)
"""Trades of a few symbols over a few minutes, out of order, some in the same millisecond."""

anything: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
"""Any value that a careless decoder may hand over."""


@st.composite
def raw_trades(draw: st.DrawFn) -> RawTrade:
    """A trade as a feed sent it: mostly right, each field sometimes anything at all."""
    price, volume = draw(amounts)
    return RawTrade(
        symbol=draw(symbols | anything),
        price=draw(st.just(price) | anything),
        volume=draw(st.just(volume) | anything),
        timestamp_ms=draw(timestamps | anything),
        conditions=draw(st.none() | conditions.map(list) | anything),
    )


names = st.text("abcXYZ019._:@/-", min_size=1, max_size=20).filter(lambda name: name[0].isalnum())


@st.composite
def session_events(
    draw: st.DrawFn,
    *,
    symbol: st.SearchStrategy[str] = symbols,
    instance: st.SearchStrategy[str] = names,
    session: st.SearchStrategy[str] = names,
    at_ms: st.SearchStrategy[int] = timestamps,
) -> SessionEvent:
    """One event of a session; its claims are arbitrary, some of them empty."""
    moment = draw(at_ms)
    return SessionEvent(
        instance=draw(instance),
        session=draw(session),
        kind=draw(st.sampled_from(SessionEventKind)),
        at_ms=moment,
        seen_ms=moment - draw(st.integers(0, 60_000)),
        detail=draw(st.text(SAFE_TEXT, max_size=40)),
        symbols=draw(st.dictionaries(symbol, at_ms, max_size=4)),
    )


usual_raw_trades = st.builds(
    RawTrade,
    symbol=known_symbols,
    price=st.decimals("-1", "99999999", places=2) | st.decimals("0", "1", places=9) | st.integers(0, 10**8),
    volume=st.decimals("-1", "999999999", places=3)
    | st.sampled_from([Decimal("-0.0"), Decimal("0E-8")])
    | st.integers(-1, 10**9),
    timestamp_ms=timestamps | st.sampled_from([T0_MS + 10_000, T0_MS + 10_001, T0_MS - 30 * 86_400_000 - 1]),
    conditions=st.none() | st.sampled_from([[], ["1"], ["1", "12"], ("1", "12"), ["1,12"], ['"']]),
)
"""A trade about as feeds send it, around the bounds of what is written and how."""
