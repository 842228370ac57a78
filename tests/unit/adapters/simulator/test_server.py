import gzip
import json
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.simulator.ledger import read_ledger
from adapters.simulator.quirks import Quirks
from adapters.simulator.server import SimulatedFinnhub, SimulatorError
from adapters.simulator.settings import SimulatorSettings
from domain.feed import FeedEventKind, FeedMessage, Frame
from domain.intake import Intake
from domain.rejection import Reason
from tests.support.feeds import connected, kinds, messages, payload, quiet_server, read_frames, read_until, settings
from tests.support.timeouts import scaled, wait_until

BUSY = SimulatorSettings(rate=5_000, trades_per_frame=10)


def test_it_streams_only_what_is_subscribed() -> None:
    with SimulatedFinnhub(BUSY) as server, connected(server, "AAPL", "MSFT") as feed:
        symbols = {trade.symbol for frame in read_frames(feed, 50) for trade in frame.trades}
        assert symbols == {"AAPL", "MSFT"}
        feed.subscribe(["NVDA"])
        messages(feed, lambda m: isinstance(m, Frame) and {trade.symbol for trade in m.trades} == {"NVDA"})
        assert {trade.symbol for frame in read_frames(feed, 20) for trade in frame.trades} == {"NVDA"}


def test_what_arrives_is_what_the_ledger_holds() -> None:
    with SimulatedFinnhub(BUSY) as server, connected(server, "AAPL", "OANDA:EUR_USD") as feed:
        arrived = [frame.payload for frame in read_frames(feed, 300)]
        assert arrived == [entry.payload for entry in server.ledger.entries("trade")][:300]


def test_everything_it_makes_up_passes_the_rules_of_now() -> None:
    intake = Intake(source="simulated")
    with SimulatedFinnhub(BUSY) as server, connected(server, "AAPL", "BINANCE:BTCUSDT", "OANDA:EUR_USD") as feed:
        for frame in read_frames(feed, 300):
            result = intake.accept(frame)
            assert len(result.trades) == 10
            assert max(trade.latency_ms for trade in result.trades) < 10_000


def test_redelivered_frames_are_found_by_the_intake_one_for_one() -> None:
    intake = Intake(source="simulated")
    quirks = Quirks(redelivery_rate=0.5)
    served = SimulatorSettings(rate=5_000, trades_per_frame=1, quirks=quirks)
    with SimulatedFinnhub(served) as server, connected(server, "OANDA:EUR_USD") as feed:
        redelivered = [intake.accept(frame).redelivered for frame in read_frames(feed, 500)]
        copies = [int(entry.copy > 1) for entry in server.ledger.entries("trade")[:500]]
    assert redelivered == copies
    assert sum(copies) > 50


def test_every_quirk_at_once_loses_no_trade_and_breaks_nothing() -> None:
    intake = Intake(source="simulated")
    quirks = Quirks(
        ping_interval_s=0.05, redelivery_rate=0.1, backwards_rate=0.1, twin_rate=0.1, odd_conditions_rate=0.1,
        invalid_rate=0.1, garbage_rate=0.1, other_type_rate=0.1, mean_s_between_drops=0.3,
        mean_s_between_silences=0.5, silence_s=0.1, handshake_delay_s=0.02,
    )  # fmt: skip
    served = SimulatorSettings(rate=3_000, quirks=quirks, burst_factor=3, burst_every_s=0.2, burst_s=0.05)
    trades = rejected = redelivered = 0
    seen_kinds: set[str] = set()
    with SimulatedFinnhub(served) as server, connected(server, "AAPL", "BINANCE:BTCUSDT") as feed:

        def everything_was_seen(message: FeedMessage) -> bool:
            nonlocal trades, rejected, redelivered
            if not isinstance(message, Frame):
                seen_kinds.update(kinds([message]))
                return False
            result = intake.accept(message)
            offered = len(message.trades) if message.rejection is None else 1
            assert len(result.trades) + len(result.dead_letters) + result.redelivered == offered
            trades += len(result.trades)
            rejected += len(result.dead_letters)
            redelivered += result.redelivered
            wanted = {"heartbeat", "other_message", "disconnected", "connected", "subscribed"}
            return wanted <= seen_kinds and trades > 500 and rejected > 50 and redelivered > 0

        messages(feed, everything_was_seen)


def test_the_rate_is_about_the_one_asked_for() -> None:
    with SimulatedFinnhub(SimulatorSettings(rate=1_000, trades_per_frame=4)) as server, connected(server) as feed:
        read_frames(feed, 1)
        begun = time.monotonic()
        trades = sum(len(frame.trades) for frame in read_frames(feed, 500))
        rate = trades / (time.monotonic() - begun)
    assert rate < 1_300, "a busy machine may make it slower, nothing may make it faster"


def test_silence_is_open_and_still_and_ends() -> None:
    with SimulatedFinnhub(BUSY) as server, connected(server) as feed:
        read_frames(feed, 5)
        server.go_silent(scaled(2.0))
        while feed.read(0.1) is not None:
            pass
        assert feed.read(0.2) is None
        assert server.connections == 1
        read_frames(feed, 5)


@pytest.mark.parametrize("compressed", [False, True])
def test_it_replays_a_recording_to_each_connection(tmp_path: Path, compressed: bool) -> None:
    sent = [payload(symbol, 1_000 + i) for i, symbol in enumerate(["AAPL", "MSFT"] * 20)]
    path = tmp_path / ("r.jsonl.gz" if compressed else "r.jsonl")
    lines = b"\n".join(sent) + b"\n"
    path.write_bytes(gzip.compress(lines) if compressed else lines)
    served = SimulatorSettings(recording=path, speed=None, settle_s=scaled(0.5))
    with SimulatedFinnhub(served) as server, connected(server, "AAPL", "MSFT") as feed:
        assert [frame.payload for frame in read_frames(feed, 40)] == sent
        server.drop_connections()
        assert [frame.payload for frame in read_frames(feed, 40)] == sent


def test_a_cut_recording_ends_the_connection_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    whole = gzip.compress(b"\n".join(payload(timestamp_ms=i * 7919) for i in range(5_000)))
    path.write_bytes(whole[: len(whole) // 2])
    with SimulatedFinnhub(SimulatorSettings(recording=path, speed=None)) as server, connected(server) as feed:
        seen = read_until(feed, FeedEventKind.DISCONNECTED)
    assert "closed by the server: 1011 simulator: " in str(seen[-1])
    assert sum(isinstance(message, Frame) for message in seen) > 1_000


def test_a_replay_waits_for_the_last_of_the_symbols(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(payload("MSFT") + b"\n" + payload("AAPL"))
    served = SimulatorSettings(recording=path, speed=None, settle_s=scaled(2.0))
    with SimulatedFinnhub(served) as server, connected(server, "AAPL") as feed:
        feed.subscribe(["AAPL", "MSFT"])
        assert [frame.payload for frame in read_frames(feed, 2)] == [payload("MSFT"), payload("AAPL")]


def test_a_retimed_recording_begins_now_and_keeps_its_intervals(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"\n".join(payload(timestamp_ms=1_000_000_000_000 + i * 50) for i in range(5)))
    served = SimulatorSettings(recording=path, speed=None, retime=True)
    begun_ms = time.time() * 1000
    with SimulatedFinnhub(served) as server, connected(server) as feed:
        stamps = [json.loads(frame.payload)["data"][0]["t"] for frame in read_frames(feed, 5)]
    assert 0 <= stamps[0] - begun_ms + 1 < scaled(20_000)
    assert [stamp - stamps[0] for stamp in stamps] == [0, 50, 100, 150, 200]


def test_the_ledger_file_holds_every_frame_sent(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    served = SimulatorSettings(rate=2_000, ledger_path=path, quirks=Quirks(garbage_rate=0.3, redelivery_rate=0.3))
    with SimulatedFinnhub(served) as server, connected(server) as feed:
        read_frames(feed, 100)
        feed.close()
        wait_until(lambda: server.connections == 0)
        in_memory = server.ledger.entries()
    assert read_ledger(path) == in_memory
    assert {entry.kind for entry in in_memory} == {"trade", "garbage"}


def test_the_ledger_in_memory_is_bounded() -> None:
    served = SimulatorSettings(rate=5_000, trades_per_frame=1, ledger_limit=10)
    with SimulatedFinnhub(served) as server, connected(server) as feed:
        read_frames(feed, 100)
        assert len(server.ledger.entries()) == 10
        assert server.ledger.frames >= 100


def test_only_the_symbols_of_a_closed_market_exist() -> None:
    closed = SimulatorSettings(symbols=["AAPL"], rate=1.0)
    with SimulatedFinnhub(closed) as server, connected(server) as feed:
        feed.subscribe(["AAPL", "MSFT"])
        read_until(feed, FeedEventKind.PROVIDER_ERROR)
        assert server.subscriptions() == [{"AAPL"}]


def test_nonsense_from_a_client_is_ignored() -> None:
    with quiet_server() as server, connected(server) as feed:
        connection = feed._connection
        assert connection is not None
        for nonsense in (b"", b"{", b"[]", b"7", b'{"type":"subscribe"}', b'{"type":"dance","symbol":"AAPL"}'):
            connection.send(nonsense)
        connection.send(b'{"type":"subscribe","symbol":7}')
        read_until(feed, FeedEventKind.PROVIDER_ERROR)
        assert server.connections == 1


def test_a_key_that_comes_back_too_fast_is_told_to_wait() -> None:
    with (
        quiet_server(Quirks(min_s_between_handshakes=scaled(1.0))) as server,
        connected(server, rate_limited_base_s=scaled(0.5)) as feed,
    ):
        server.drop_connections()
        seen = read_until(feed, FeedEventKind.SUBSCRIBED)
    assert "rate_limited" in kinds(seen)


def test_garbage_is_rejected_as_malformed() -> None:
    quirks = Quirks(garbage_rate=1.0)
    with SimulatedFinnhub(SimulatorSettings(rate=2_000, quirks=quirks)) as server, connected(server) as feed:
        frames = read_frames(feed, 200)
    reasons = [frame.rejection.reason for frame in frames if frame.rejection is not None]
    assert reasons == [Reason.MALFORMED] * 100


def test_a_busy_port_is_a_clear_error() -> None:
    with quiet_server() as server, pytest.raises(SimulatorError, match="already in use"):
        quiet_server(port=server.port).start()


def test_a_missing_recording_and_an_impossible_ledger_are_named(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="no recording"):
        SimulatedFinnhub(SimulatorSettings(recording=tmp_path / "none.jsonl")).start()
    with pytest.raises(SimulatorError, match="ledger"):
        SimulatedFinnhub(SimulatorSettings(ledger_path=tmp_path / "no" / "folder")).start()


def test_closing_is_prompt_twice_fine_and_leaves_no_thread() -> None:
    server = SimulatedFinnhub(BUSY).start()
    server.hang_handshakes()
    with closing(FinnhubFeed(settings(server.url, connect_timeout_s=60.0))) as feed:
        feed.start()
        wait_until(lambda: server.handshakes == 1)
        begun = time.monotonic()
        server.close()
        server.close()
        assert time.monotonic() - begun < scaled(10)
    assert not any(thread.name == "simulator" for thread in threading.enumerate())
