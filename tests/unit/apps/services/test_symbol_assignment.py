"""A feed on the watchlist: it follows its share, and is closed at once when another takes over its key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from adapters.memory.watchlist import MemoryWatchlist, MemoryWatchlistEditor
from adapters.simulator.server import SimulatedFinnhub
from apps.services.symbol_assignment import WatchlistAssignment
from domain.feed import FeedEvent, FeedEventKind
from domain.watchlist import Share
from ports.errors import EndOfFeed, KeyInUseError
from tests.support.feeds import FakeClock, connected, quiet_server, read_until
from tests.support.timeouts import wait_until


class TakenOver:
    """A watchlist whose key another instance uses by now."""

    def start(self) -> None: ...

    def poll(self, cover: Callable[[Share], None]) -> None:
        raise KeyInUseError("another uses the key")

    def close(self) -> None: ...


@pytest.fixture
def server() -> Iterator[SimulatedFinnhub]:
    with quiet_server() as server:
        yield server


@contextmanager
def assignment(server: SimulatedFinnhub, editor: MemoryWatchlistEditor, cap: int = 50) -> Iterator[Callable[[], bool]]:
    clock = FakeClock()
    with connected(server, "OLD") as feed:
        made = WatchlistAssignment(feed, MemoryWatchlist(editor, cap=cap), monotonic=clock.monotonic)
        made.start()

        def turn() -> bool:
            clock.sleep(1.0)
            return made.turn()

        yield turn
        made.close()


def test_the_feed_follows_the_list_without_being_read(server: SimulatedFinnhub) -> None:
    editor = MemoryWatchlistEditor()
    editor.add(["AAPL", "MSFT"])
    with assignment(server, editor) as turn:
        assert turn()
        wait_until(lambda: server.subscriptions() == [{"AAPL", "MSFT"}])
        editor.remove(["AAPL"])
        editor.add(["NVDA"])
        turn()
        wait_until(lambda: server.subscriptions() == [{"MSFT", "NVDA"}])


def test_symbols_that_wait_are_named(server: SimulatedFinnhub) -> None:
    editor = MemoryWatchlistEditor()
    editor.add(["A", "B", "C"])
    with assignment(server, editor, cap=2) as turn, capture_logs() as logs:
        turn()
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (warning["waiting"], warning["symbols"]) == (1, ("C",))


def test_when_the_key_is_taken_over_the_connection_is_closed_before_anything_is_raised(
    server: SimulatedFinnhub,
) -> None:
    with connected(server, "AAPL") as feed:
        clock = FakeClock()
        made = WatchlistAssignment(feed, TakenOver(), monotonic=clock.monotonic)
        clock.sleep(1.0)
        made.keep()  # as a publisher does that waits for room
        wait_until(lambda: server.connections == 0)
        with pytest.raises(EndOfFeed):
            feed.read(0)
        with pytest.raises(KeyInUseError):
            made.turn()


def test_what_is_left_out_is_unsubscribed_at_once(server: SimulatedFinnhub) -> None:
    with connected(server, "AAPL", "MSFT") as feed:
        feed.subscribe(["MSFT"])
        wait_until(lambda: server.subscriptions() == [{"MSFT"}])
        feed.subscribe(["MSFT", "NVDA"])
        wait_until(lambda: server.subscriptions() == [{"MSFT", "NVDA"}])
        for told in (("MSFT",), ("MSFT", "NVDA")):
            event = read_until(feed, FeedEventKind.SUBSCRIBED)[-1]
            assert isinstance(event, FeedEvent)
            assert event.symbols == told
