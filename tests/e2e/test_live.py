import csv
import json
import re
import signal
import threading
from datetime import datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.programs import TOKEN, run, start
from tests.support.recordings import read_trades, real_recordings, write_made_up_day
from tests.support.sale_conditions import counts_in_volume, is_extended_on_a_full_day, sets_price
from tests.support.timeouts import TIMEOUT_S


class Print(NamedTuple):
    """A trade in the order of its symbol."""

    t: int
    arrival: int
    price: Decimal
    volume: Decimal
    codes: frozenset[str]


def expected_candles(trades: list[dict[str, Any]]) -> dict[tuple[int, str], dict[str, Decimal | None]]:
    """Compute candles in another way than the domain does: sort, group, take first and last."""
    groups: dict[tuple[int, str], list[Print]] = {}
    for arrival, trade in enumerate(trades):
        codes = frozenset(trade["c"] or ()) if ":" not in trade["s"] else frozenset()
        print_ = Print(trade["t"], arrival, Decimal(str(trade["p"])), Decimal(str(trade["v"])), codes)
        groups.setdefault((print_.t // 60_000, trade["s"]), []).append(print_)
    return {slot: expected_candle(sorted(prints)) for slot, prints in groups.items()}


def expected_candle(prints: list[Print]) -> dict[str, Decimal | None]:
    priced = [each for each in prints if sets_price(each.codes, is_extended=is_extended_on_a_full_day(each.t))]
    counted = [each for each in prints if counts_in_volume(each.codes)]
    return {
        **expected_prices("", prints),
        "volume": sum((each.volume for each in prints), Decimal(0)),
        "trade_count": Decimal(sum(each.volume > 0 for each in prints)),
        "update_count": Decimal(sum(each.volume == 0 for each in prints)),
        **expected_prices("eligible_", priced),
        "eligible_volume": sum((each.volume for each in counted), Decimal(0)),
        "eligible_count": Decimal(sum(each.volume > 0 for each in counted)),
    }


def expected_prices(prefix: str, prints: list[Print]) -> dict[str, Decimal | None]:
    prices = [each.price for each in prints]
    return {
        f"{prefix}open": prices[0] if prices else None,
        f"{prefix}high": max(prices, default=None),
        f"{prefix}low": min(prices, default=None),
        f"{prefix}close": prices[-1] if prices else None,
    }


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_without_settings_it_shows_moving_candles_and_a_summary() -> None:
    result = run("apps.live", "--duration", "3", "--simulator-rate", "200")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r"BINANCE:BTCUSDT +o [\d.]+  h [\d.]+  l [\d.]+  c [\d.]+", result.stdout)
    summary = result.stdout.splitlines()[-1]
    assert int(re.match(r"(\d+) trades", summary).group(1)) >= 200  # type: ignore[union-attr]
    assert "0 rejected, 0 late" in summary


def test_the_first_candle_is_shown_at_once_however_seldom_the_others_are() -> None:
    process = start("apps.live", "--refresh", "3600")
    # A program that shows nothing is to end, and with it this test.
    end = threading.Timer(60, process.kill)
    end.start()
    try:
        assert process.stdout is not None
        assert any(re.search(r" o [\d.]+  h [\d.]+  l [\d.]+  c [\d.]+", line) for line in process.stdout)
    finally:
        end.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize("real", [None, *real_recordings("*.jsonl.gz")])
def test_a_replay_yields_the_candles_of_another_computation(tmp_path: Path, real: Path | None) -> None:
    recording = real or tmp_path / "day.jsonl"
    if real is None:
        write_made_up_day(recording)
    trades = list(chain.from_iterable(read_trades(recording)))
    out = tmp_path / "candles.csv"
    result = run("apps.live", "--replay", str(recording), "--speed", "max", "--candles-out", str(out))
    assert (result.returncode, result.stderr) == (0, "")
    rows = read_csv(out)
    expected = expected_candles(trades)
    assert [(row["window_start"], row["symbol"]) for row in rows] == sorted(
        (row["window_start"], row["symbol"]) for row in rows
    )
    assert len(rows) == len(expected)
    for row in rows:
        start_s = int(datetime.fromisoformat(row["window_start"]).timestamp())
        figures = expected[start_s // 60, row["symbol"]]
        assert {name: Decimal(row[name]) if row[name] else None for name in figures} == figures


def test_candles_as_json_lines_hold_the_same_as_csv(tmp_path: Path) -> None:
    write_made_up_day(tmp_path / "day.jsonl", frames=60)
    for name in ("a.csv", "a.jsonl"):
        run(
            "apps.live",
            "--replay",
            str(tmp_path / "day.jsonl"),
            "--speed",
            "max",
            "--candles-out",
            str(tmp_path / name),
        )
    lines = [json.loads(line, parse_float=Decimal) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    rows = read_csv(tmp_path / "a.csv")
    assert [(line["window_start"], line["close"], line["volume"]) for line in lines] == [
        (row["window_start"], Decimal(row["close"]), Decimal(row["volume"])) for row in rows
    ]


def test_a_replay_can_be_narrowed_to_symbols(tmp_path: Path) -> None:
    write_made_up_day(tmp_path / "day.jsonl", frames=60)
    out = tmp_path / "candles.csv"
    run(
        "apps.live",
        "--replay",
        str(tmp_path / "day.jsonl"),
        "--speed",
        "max",
        "--symbols",
        "AAPL",
        "--candles-out",
        str(out),
    )
    assert {row["symbol"] for row in read_csv(out)} == {"AAPL"}


def test_ctrl_c_ends_it_with_a_summary() -> None:
    process = start("apps.live", "--simulator-rate", "100")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("# trades"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, err) == (0, "")
    assert re.match(r"\d+ trades", out.splitlines()[-1])


def test_wrong_settings_end_in_words(tmp_path: Path) -> None:
    cases = {
        ("--speed", "fast"): (2, "a speed is a positive number such as 1 or 60, or max"),
        ("--replay", str(tmp_path / "absent.jsonl")): (1, "absent.jsonl"),
        ("--candles-out", "x.parquet"): (1, ".csv or .jsonl"),
        ("--candles-out", str(tmp_path / "no" / "x.csv")): (1, "cannot be written"),
        ("--finnhub-url", "http://example"): (2, "url: a WebSocket's address"),
        ("--window", "0"): (2, "positive"),
    }
    for arguments, (code, words) in cases.items():
        result = run("apps.live", *arguments, "--duration", "1")
        assert (result.returncode, words in result.stderr) == (code, True), (arguments, result.stderr)
        assert "Traceback" not in result.stderr


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    # Nothing listens there: the feed goes on trying, and says why in events and logs.
    result = run(
        "apps.live",
        "--duration",
        "3",
        "--finnhub-url",
        "ws://127.0.0.1:9",
        TAPELINE_FINNHUB_TOKEN=TOKEN,
        PYTHONFAULTHANDLER="1",
    )
    assert result.returncode == 0
    shown = run("apps.live", "--help", TAPELINE_FINNHUB_TOKEN=TOKEN)
    for text in (result.stdout, result.stderr, shown.stdout, shown.stderr):
        assert TOKEN not in text
    assert "disconnected" in result.stdout
