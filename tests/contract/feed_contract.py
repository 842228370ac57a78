"""What every feed promises. Each implementation runs this suite; a subclass makes a feed that delivers given frames."""

import abc
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest

from domain.feed import Frame
from domain.rejection import Reason
from ports.errors import EndOfFeed, FeedError
from ports.feed import Feed
from tests.support.feeds import messages, payload, read_frames
from tests.support.timeouts import TIMEOUT_S, scaled

T0_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


class FeedContract(abc.ABC):
    """The promises of `ports.feed.Feed`."""

    @abc.abstractmethod
    def feeding(self, payloads: Sequence[bytes], *, speed: float | None = None) -> AbstractContextManager[Feed]:
        """Return a feed, not started, that delivers these frames when their symbols are subscribed; with a speed, at their own times."""

    def test_frames_come_in_order_with_their_bytes_unchanged(self) -> None:
        sent = [payload("AAPL", T0_MS + i) for i in range(200)]
        with self.feeding(sent) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            assert [frame.payload for frame in read_frames(feed, 200)] == sent

    def test_trades_carry_exact_numbers_and_their_own_bytes(self) -> None:
        with self.feeding([payload("AAPL", T0_MS, "0.10000000000000000000000000001")]) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            (frame,) = read_frames(feed, 1)
        (trade,) = frame.trades
        assert trade.price == Decimal("0.10000000000000000000000000001")
        assert (trade.symbol, trade.volume, trade.timestamp_ms, trade.conditions) == ("AAPL", 5, T0_MS, ["1"])
        assert frame.payload_of(0).startswith(b'{"c":["1"],"p":0.1')

    def test_a_frame_that_cannot_be_understood_comes_with_the_reason(self) -> None:
        cut = payload("AAPL")[:-9]
        with self.feeding([cut]) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            (frame,) = read_frames(feed, 1)
        assert frame.rejection is not None
        assert frame.rejection.reason is Reason.MALFORMED
        assert frame.payload == cut

    def test_only_the_symbols_subscribed_come(self) -> None:
        sent = [payload(symbol, T0_MS + i) for i, symbol in enumerate(["MSFT", "AAPL", "MSFT", "NVDA", "AAPL"])]
        with self.feeding(sent) as feed:
            feed.subscribe(["AAPL", "NVDA"])
            feed.start()
            assert [frame.payload for frame in read_frames(feed, 3)] == [sent[1], sent[3], sent[4]]

    def test_symbols_may_change_while_it_runs(self) -> None:
        later = [payload("MSFT", T0_MS + HOUR_MS), payload("AAPL", T0_MS + HOUR_MS)]
        with self.feeding([payload("AAPL", T0_MS), *later], speed=HOUR_MS / scaled(1_000)) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            read_frames(feed, 1)
            feed.subscribe(["MSFT"])
            assert read_frames(feed, 1)[0].payload == later[0]

    def test_read_returns_none_when_nothing_comes_in_time(self) -> None:
        with self.feeding([payload("AAPL", T0_MS), payload("AAPL", T0_MS + HOUR_MS)], speed=1.0) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            messages(feed, lambda message: isinstance(message, Frame))
            begun = time.monotonic()
            assert feed.read(0.2) is None
            assert 0.15 <= time.monotonic() - begun < scaled(5.0)
            assert feed.read(0.0) is None

    def test_a_frame_that_comes_while_the_reader_waits_is_marked_as_drained(self) -> None:
        with self.feeding([payload("AAPL", T0_MS), payload("AAPL", T0_MS + round(scaled(1_000)))], speed=1.0) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            read_frames(feed, 1)
            message = feed.read(TIMEOUT_S)
            assert isinstance(message, Frame)
            assert message.drained

    def test_a_frame_that_was_there_already_is_not_marked_as_drained(self) -> None:
        sent = [payload("AAPL", T0_MS + i) for i in range(200)]
        with self.feeding(sent) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            frames = read_frames(feed, 1)
            for _ in sent[1:]:
                time.sleep(0.002)
                frames += read_frames(feed, 1)
        # The sender may have been slow itself; the last frames were there all the same.
        assert not any(frame.drained for frame in frames[-20:])

    def test_reading_before_the_start_is_an_error(self) -> None:
        with self.feeding([payload()]) as feed, pytest.raises(FeedError, match="start"):
            feed.read(0.0)

    def test_closing_twice_is_fine_and_ends_the_feed(self) -> None:
        with self.feeding([payload(timestamp_ms=T0_MS + i) for i in range(3)]) as feed:
            feed.subscribe(["AAPL"])
            feed.start()
            read_frames(feed, 1)
            feed.close()
            feed.close()
            with pytest.raises(EndOfFeed):
                feed.read(0.0)

    def test_closing_before_the_start_is_fine(self) -> None:
        with self.feeding([payload()]) as feed:
            feed.close()
