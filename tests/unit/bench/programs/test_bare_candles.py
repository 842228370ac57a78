from adapters.finnhub.protocol import parse_message
from adapters.system_clock import system_clock
from bench.harness.workload import frames
from bench.programs.bare_candles import Candle, Candles, fold
from domain.candle import fold as fold_candles
from domain.feed import Frame
from domain.intake import Intake
from domain.record import encode
from domain.trade import Trade

MINUTE_MS = 60_000


def trades_in_order(count: int) -> list[Trade]:
    """Return trades of a few minutes in order of time, because the bare loop takes open and close in order of arrival."""
    intake = Intake(source="bench")
    trades: list[Trade] = []
    for payload in frames(count, 10, symbol_count=5, per_ms=count / 200_000):
        frame = parse_message(payload, system_clock())
        assert isinstance(frame, Frame)
        trades += intake.accept(frame).trades
    return sorted(trades, key=lambda trade: trade.key)


def test_the_bare_loop_makes_the_same_candles_as_the_domain() -> None:
    trades = trades_in_order(2_000)
    found: Candles = {}
    fold(found, [encode(trade) for trade in trades])
    expected = {
        (each.symbol, each.window_start_ms // MINUTE_MS): Candle(
            each.open, each.high, each.low, each.close, each.volume, each.trade_count + each.update_count
        )
        for each in fold_candles(trades, MINUTE_MS).values()
    }
    assert len({minute for _symbol, minute in expected}) > 2
    assert found == expected
