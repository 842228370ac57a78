"""The terminal views: whatever a symbol or a provider says, it is shown as text."""

from __future__ import annotations

import io

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from apps.output.terminal import LineView, Snapshot, TableView
from domain.candle import Candle
from tests.contract.stores import make_candle


def snapshot(*candles: Candle, title: str = "tapeline", **facts: str) -> Snapshot:
    return Snapshot(title=title, candles=candles, facts=facts)


def drawn(shown: Snapshot, width: int = 200) -> str:
    """Return what the table view writes to a terminal of this width."""
    out = io.StringIO()
    with TableView(Console(file=out, force_terminal=True, width=width, color_system=None)) as view:
        view.show(shown)
    return out.getvalue()


@pytest.mark.parametrize("text", ["[/b]", "[bold]loud[/bold]", "[red", "\\[/b]", ":smile:"])
def test_markup_in_a_symbol_an_error_or_the_title_is_shown_as_it_is(text: str) -> None:
    assert text in drawn(snapshot(make_candle(text)))
    assert text in drawn(snapshot(make_candle("AAPL"), feed=f"provider_error {text}"))
    assert text in drawn(snapshot(make_candle("AAPL"), title=text))


def test_an_error_text_cannot_move_the_cursor_or_ring_the_bell(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "gone\x1b[2J\x07\nfake line\r"
    assert "gone\N{REPLACEMENT CHARACTER}[2J" in drawn(snapshot(make_candle("AAPL"), feed=hostile))
    assert "\x07" not in drawn(snapshot(make_candle("AAPL"), feed=hostile))
    with LineView() as view:
        view.show(snapshot(feed=hostile))
    assert capsys.readouterr().out.count("\n") == 1


@given(symbol=st.text(min_size=1, max_size=20), fact=st.text(max_size=40))
def test_no_text_breaks_the_table(symbol: str, fact: str) -> None:
    assert "trades" in drawn(snapshot(make_candle(symbol), feed=fact))


@pytest.mark.parametrize(
    ("width", "hidden"), [(80, {"vwap", "updates", "high", "low"}), (100, {"vwap", "updates"}), (120, set())]
)
def test_a_narrow_terminal_has_fewer_columns_and_no_digit_less(width: int, hidden: set[str]) -> None:
    text = drawn(snapshot(make_candle("AAPL")), width)
    assert {name for name in ("high", "low", "vwap", "updates") if name not in text} == hidden
    assert str(make_candle("AAPL").close) in text


def test_lines_come_for_candles_that_changed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = make_candle("AAPL"), make_candle("MSFT")
    with LineView() as view:
        view.show(snapshot(first, second))
        view.show(snapshot(first, attrs.evolve(second, trade_count=second.trade_count + 1)))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines if not line.startswith("#")] == ["AAPL", "MSFT", "MSFT"]
