import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from adapters.finnhub.protocol import parse_message
from adapters.finnhub.replay import ReplayFeed
from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.memory.feed import MemoryFeed
from adapters.simulator.quirks import Quirks
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from domain.feed import Frame
from ports.errors import EndOfFeed, FeedError
from ports.feed import Feed
from tests.support.feeds import payload, read_frames, settings
from tests.support.timeouts import TIMEOUT_S, scaled

from .feed_contract import FeedContract


def write_recording(path: Path, payloads: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in payloads))
    return path


class TestFinnhubFeed(FeedContract):
    """Against the simulated server, which sends the frames as a recording."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @contextmanager
    def _feeding(self, payloads: Sequence[bytes], speed: float | None) -> Iterator[Feed]:
        recording = write_recording(self.folder / "frames.jsonl", payloads)
        served = SimulatorSettings(
            recording=recording, speed=speed, settle_s=scaled(0.5), quirks=Quirks(ping_interval_s=0)
        )
        with SimulatedFinnhub(served) as server:
            feed = FinnhubFeed(settings(server.url))
            try:
                yield feed
            finally:
                feed.close()

    def feeding(self, payloads: Sequence[bytes], *, speed: float | None = None) -> AbstractContextManager[Feed]:
        return self._feeding(payloads, speed)


class TestReplayFeed(FeedContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @contextmanager
    def _feeding(self, payloads: Sequence[bytes], speed: float | None) -> Iterator[Feed]:
        feed = ReplayFeed(write_recording(self.folder / "frames.jsonl", payloads), speed)
        try:
            yield feed
        finally:
            feed.close()

    def feeding(self, payloads: Sequence[bytes], *, speed: float | None = None) -> AbstractContextManager[Feed]:
        return self._feeding(payloads, speed)

    def test_it_ends_after_the_last_frame_and_stays_ended(self) -> None:
        with self.feeding([payload()]) as feed:
            feed.start()
            read_frames(feed, 1)
            for _ in range(2):
                with pytest.raises(EndOfFeed):
                    feed.read(0.0)


class TestMemoryFeed(FeedContract):
    """In its own time means: pushed by a thread when each is due."""

    @contextmanager
    def _feeding(self, payloads: Sequence[bytes], speed: float | None) -> Iterator[Feed]:
        frames = [parse_message(each, 0) for each in payloads]
        feed = MemoryFeed(frames if speed is None else frames[:1])
        stop = threading.Event()

        def push_the_rest(pace: float) -> None:
            first, *rest = [json.loads(each)["data"][0]["t"] for each in payloads]
            begun = time.monotonic()
            for stamp, frame in zip(rest, frames[1:], strict=True):
                if stop.wait(max(begun + (stamp - first) / 1000 / pace - time.monotonic(), 0)):
                    return
                feed.push(frame)

        pushing = threading.Thread(target=push_the_rest, args=(speed,)) if speed is not None else None
        if pushing is not None:
            pushing.start()
        try:
            yield feed
        finally:
            stop.set()
            if pushing is not None:
                pushing.join()
            feed.close()

    def feeding(self, payloads: Sequence[bytes], *, speed: float | None = None) -> AbstractContextManager[Feed]:
        return self._feeding(payloads, speed)

    def test_it_gives_what_was_pushed_and_then_ends(self) -> None:
        feed = MemoryFeed()
        feed.start()
        feed.push(parse_message(payload(), 1))
        feed.end()
        assert isinstance(feed.read(0.0), Frame)
        with pytest.raises(EndOfFeed):
            feed.read(0.0)
        with pytest.raises(FeedError):
            feed.push(parse_message(payload(), 1))

    def test_a_reader_that_waits_is_woken_by_a_push(self) -> None:
        feed = MemoryFeed()
        feed.start()
        pushing = threading.Timer(0.05, feed.push, [parse_message(payload(), 1)])
        pushing.start()
        begun = time.monotonic()
        assert feed.read(TIMEOUT_S) is not None
        assert time.monotonic() - begun < TIMEOUT_S / 2
        pushing.join()
