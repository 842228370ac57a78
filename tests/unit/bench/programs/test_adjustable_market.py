import subprocess
import sys
from collections.abc import Iterator

import pytest
from websockets.sync.client import ClientConnection, connect

from adapters.finnhub.protocol import parse_message
from bench.harness.variants import ROOT
from bench.harness.workload import markers, symbols
from domain.feed import Frame

MARKERS = markers(4)


@pytest.fixture
def market() -> Iterator["subprocess.Popen[str]"]:
    command = (sys.executable, "-m", "bench.programs.adjustable_market", "10", ",".join(MARKERS))
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def set_rate(market: "subprocess.Popen[str]", rate: float) -> int:
    assert market.stdin is not None
    assert market.stdout is not None
    market.stdin.write(f"{rate}\n")
    market.stdin.flush()
    return int(market.stdout.readline())


def read(client: ClientConnection, trades: int) -> list[str]:
    found: list[str] = []
    while len(found) < trades:
        frame = parse_message(client.recv(timeout=20, decode=False), 0)
        assert isinstance(frame, Frame)
        found += [trade.symbol for trade in frame.trades if isinstance(trade.symbol, str)]
    return found


@pytest.mark.timeout(60)
def test_a_market_sends_at_the_latest_rate_and_counts_all_trades(market: "subprocess.Popen[str]") -> None:
    assert market.stdout is not None
    with connect(f"ws://127.0.0.1:{int(market.stdout.readline())}", compression=None) as client:
        client.send("{}")
        assert set_rate(market, 2_000) == 0
        got = read(client, 1_000)
        set_rate(market, 0)
        sent = set_rate(market, 0)
        got += read(client, sent - len(got))
        assert len(got) == sent
        assert set(MARKERS) < set(got) <= set(symbols())
    assert market.stdin is not None
    market.stdin.close()
    assert market.wait(20) == 0
