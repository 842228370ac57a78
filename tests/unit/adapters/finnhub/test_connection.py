"""The live feed's connection through everything that happens to connections, against real servers."""

import threading
import time

import pytest

from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.simulator.quirks import Quirks
from adapters.simulator.session import text_frame
from domain.feed import FeedEvent, FeedEventKind, Frame
from tests.support.feeds import (
    Relay,
    connected,
    kinds,
    messages,
    payload,
    quiet_server,
    read_frames,
    read_until,
    settings,
)
from tests.support.timeouts import scaled, wait_until

RECONNECT = ["disconnected", "connected", "subscribed"]


@pytest.mark.parametrize("how", ["reset", "close", "eof"])
def test_a_lost_connection_is_made_again_with_all_symbols(how: str) -> None:
    with quiet_server() as server, connected(server, "AAPL", "BINANCE:BTCUSDT") as feed:
        assert server.drop_connections(how) == 1
        assert kinds(read_until(feed, FeedEventKind.SUBSCRIBED)) == RECONNECT
        wait_until(lambda: {"AAPL", "BINANCE:BTCUSDT"} in server.subscriptions())
        server.send_raw(payload())
        assert read_frames(feed, 1)[0].payload == payload()


def test_frames_sent_before_the_close_are_all_delivered() -> None:
    sent = [payload(timestamp_ms=i) for i in range(500)]
    with quiet_server() as server, connected(server) as feed:
        for each in sent:
            server.send_raw(each)
        server.drop_connections("close")
        seen = read_until(feed, FeedEventKind.DISCONNECTED)
    assert [message.payload for message in seen if isinstance(message, Frame)] == sent


def test_a_server_that_went_away_is_found_again_when_it_is_back() -> None:
    with quiet_server() as server:
        port = server.port
        feed = FinnhubFeed(settings(server.url))
        feed.subscribe(["AAPL"])
        feed.start()
        read_until(feed, FeedEventKind.SUBSCRIBED)
    try:
        read_until(feed, FeedEventKind.DISCONNECTED)
        refused = read_until(feed, FeedEventKind.DISCONNECTED)
        assert "refused" in str(refused[-1])
        with quiet_server(port=port) as server:
            assert kinds(read_until(feed, FeedEventKind.SUBSCRIBED))[-2:] == ["connected", "subscribed"]
            wait_until(lambda: {"AAPL"} in server.subscriptions())
    finally:
        feed.close()


def test_a_half_open_connection_is_given_up_after_the_silence_and_made_again() -> None:
    with quiet_server() as server:
        relay = Relay(server.port)
        feed = FinnhubFeed(settings(relay.url, silence_timeout_s=scaled(0.4)))
        feed.subscribe(["AAPL"])
        feed.start()
        read_until(feed, FeedEventKind.SUBSCRIBED)
        relay.freeze()
        seen = read_until(feed, FeedEventKind.SUBSCRIBED)
        feed.close()
        relay.close()
    assert kinds(seen) == ["silent", *RECONNECT]


def test_pings_are_heartbeats_and_keep_a_silent_market_connected() -> None:
    silence_s = scaled(1.5)
    with quiet_server(Quirks(ping_interval_s=0.1)) as server, connected(server, silence_timeout_s=silence_s) as feed:
        until = time.monotonic() + 2 * silence_s
        seen = messages(feed, lambda _: time.monotonic() > until)
    assert set(kinds(seen)) == {"heartbeat"}


def test_websocket_pings_are_answered_and_keep_a_connection_alive() -> None:
    silence_s = scaled(1.5)
    with quiet_server() as server, connected(server, silence_timeout_s=silence_s) as feed:
        done = threading.Event()
        failures: list[Exception] = []

        def ping() -> None:
            try:
                for _ in range(int(20 * silence_s)):
                    server.send_ping_frame()
                    time.sleep(0.1)
            except Exception as error:  # noqa: BLE001 - shown by the test
                failures.append(error)
            done.set()

        pinging = threading.Thread(target=ping)
        pinging.start()
        while not done.is_set():
            assert feed.read(0.1) is None
        pinging.join()
    assert not failures


def test_a_slow_reader_does_not_take_its_own_delay_for_silence() -> None:
    with quiet_server() as server, connected(server, silence_timeout_s=0.2) as feed:
        server.send_raw(payload())
        time.sleep(0.5)
        assert isinstance(feed.read(0.0), Frame)


@pytest.mark.parametrize("at", [1, 2, 3, 4, 40, -1])
def test_a_frame_that_pauses_half_way_is_whole_in_the_end(at: int) -> None:
    sent = payload(symbol="X" * 60, price="1.5")
    wire = text_frame(sent)
    assert len(sent) > 126, "with a length of two bytes more"
    with quiet_server() as server, connected(server) as feed:
        server.write_wire(wire[:at])
        assert feed.read(0.15) is None
        assert feed.read(0.01) is None
        server.write_wire(wire[at:])
        server.send_raw(payload())
        assert [frame.payload for frame in read_frames(feed, 2)] == [sent, payload()]


def test_a_message_in_fragments_is_one_frame_even_with_a_ping_between() -> None:
    sent = payload()
    first, rest = sent[:20], sent[20:]
    with quiet_server() as server, connected(server) as feed:
        server.write_wire(b"\x01" + bytes([len(first)]) + first)
        assert feed.read(0.1) is None
        server.write_wire(b"\x89\x00")
        server.write_wire(b"\x80" + bytes([len(rest)]) + rest)
        assert read_frames(feed, 1)[0].payload == sent


@pytest.mark.parametrize(
    "wire",
    [
        b"\x81\x7f" + (2**62).to_bytes(8, "big"),
        b"\x01\x7e" + (60_000).to_bytes(2, "big") + b"x" * 60_000 + b"\x80\x7e" + (60_000).to_bytes(2, "big") + b"x" * 60_000,
        b"\xf1\x01x",
        b"\x83\x00",
        b"\x80\x01x",
    ],
    ids=["a huge frame", "a huge message", "reserved bits", "an unknown opcode", "a continuation of nothing"],
)  # fmt: skip
def test_a_breach_of_the_websocket_protocol_ends_the_connection_and_no_more(wire: bytes) -> None:
    with quiet_server() as server, connected(server, max_message_bytes=100_000) as feed:
        server.write_wire(wire)
        assert kinds(read_until(feed, FeedEventKind.SUBSCRIBED)) == RECONNECT


def test_changed_symbols_are_sent_as_differences_and_kept_over_a_reconnect() -> None:
    with quiet_server() as server, connected(server, "AAPL", "MSFT") as feed:
        feed.subscribe(["MSFT", "IC MARKETS:1"])
        event = read_until(feed, FeedEventKind.SUBSCRIBED)[-1]
        assert isinstance(event, FeedEvent)
        assert event.symbols == ("MSFT", "IC MARKETS:1")
        wait_until(lambda: {"MSFT", "IC MARKETS:1"} in server.subscriptions())
        feed.subscribe(["MSFT"])
        [*_, event] = read_until(feed, FeedEventKind.SUBSCRIBED)
        assert isinstance(event, FeedEvent)
        assert event.symbols == ("MSFT",)
        wait_until(lambda: {"MSFT"} in server.subscriptions())
        server.drop_connections()
        read_until(feed, FeedEventKind.SUBSCRIBED)
        wait_until(lambda: server.subscriptions() == [{"MSFT"}])


def test_the_51st_symbol_is_refused_and_the_others_stream_on() -> None:
    names = [f"BINANCE:C{i}USDT" for i in range(51)]
    with quiet_server() as server:
        feed = FinnhubFeed(settings(server.url))
        feed.subscribe(names)
        feed.start()
        event = read_until(feed, FeedEventKind.PROVIDER_ERROR)[-1]
        assert isinstance(event, FeedEvent)
        assert event.detail == "Subscribing to too many symbols"
        assert server.subscriptions() == [set(names[:50])]
        server.send_raw(payload(names[0]))
        read_frames(feed, 1)
        feed.close()


def test_an_unknown_symbol_is_refused_and_the_connection_stays_open() -> None:
    with quiet_server() as server, connected(server) as feed:
        feed.subscribe(["AAPL", "no such thing"])
        event = read_until(feed, FeedEventKind.PROVIDER_ERROR)[-1]
        assert isinstance(event, FeedEvent)
        assert event.detail == "Invalid symbol"
        assert server.connections == 1


def test_a_second_connection_on_a_key_closes_both() -> None:
    with quiet_server() as server, connected(server) as first:
        second = FinnhubFeed(settings(server.url, backoff_base_s=60.0, backoff_cap_s=60.0))
        second.start()
        lost = read_until(second, FeedEventKind.DISCONNECTED)
        assert "closed by the server: 1008" in str(lost[-1])
        second.close()
        read_until(first, FeedEventKind.DISCONNECTED)
        read_until(first, FeedEventKind.SUBSCRIBED)


def test_another_key_is_another_connection() -> None:
    with quiet_server() as server, connected(server), connected(server, "MSFT", token="another"):  # noqa: S106 - of a simulator
        assert server.connections == 2
