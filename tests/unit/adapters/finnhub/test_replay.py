import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.finnhub.protocol import parse_message, trade_payloads
from adapters.finnhub.replay import ReplayFeed
from domain.feed import FeedEvent, FeedEventKind, Frame
from domain.intake import Intake
from ports.errors import EndOfFeed, FeedError
from tests.support.feeds import FakeClock, payload
from tests.support.recordings import read_trades, real_recordings, write_made_up_day

T0_MS = 1_700_000_000_000


def recording(folder: Path, *lines: bytes) -> Path:
    path = folder / "frames.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


Replay = Callable[..., ReplayFeed]


@pytest.fixture
def replay() -> Iterator[Replay]:
    """Start a replay; it is closed with the test."""
    feeds: list[ReplayFeed] = []

    def start(path: Path, **options: object) -> ReplayFeed:
        feeds.append(ReplayFeed(path, **options))  # type: ignore[arg-type]
        feeds[-1].start()
        return feeds[-1]

    yield start
    for feed in feeds:
        feed.close()


def all_frames(feed: ReplayFeed) -> list[Frame]:
    frames: list[Frame] = []
    while True:
        try:
            message = feed.read(1.0)
        except EndOfFeed:
            return frames
        if isinstance(message, Frame):
            frames.append(message)


def two_trades(first_ms: int, second_ms: int) -> bytes:
    trades = ",".join(f'{{"p":1,"s":"A","t":{stamp},"v":1}}' for stamp in (first_ms, second_ms))
    return f'{{"data":[{trades}],"type":"trade"}}'.encode()


def test_a_replay_decodes_each_frame_once_and_cuts_out_no_trade(
    tmp_path: Path, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[bytes] = []

    def note(frame: bytes) -> list[bytes]:
        cut.append(frame)
        return trade_payloads(frame)

    monkeypatch.setattr("adapters.finnhub.protocol.trade_payloads", note)
    path = recording(tmp_path, *(two_trades(T0_MS + n, T0_MS) for n in range(10)))
    feed = replay(path)
    feed.subscribe(["A"])
    assert len(all_frames(feed)) == 10
    assert cut == []


def test_the_clock_is_the_newest_time_in_the_frame_or_that_of_the_frame_before(tmp_path: Path, replay: Replay) -> None:
    path = recording(
        tmp_path,
        b"cut before any time",
        two_trades(T0_MS + 5, T0_MS),
        b'{"data":[{"p":1,"s":"A","t":"soon","v":1}],"type":"trade"}',
        b"{not json",
        two_trades(T0_MS + 9, 10**18),
        two_trades(T0_MS + 7, T0_MS + 6),
    )
    clocks = [frame.received_ms for frame in all_frames(replay(path))]
    assert clocks == [0, T0_MS + 5, T0_MS + 5, T0_MS + 5, T0_MS + 9, T0_MS + 7]


def test_at_a_speed_frames_come_when_their_time_has_come(tmp_path: Path, replay: Replay) -> None:
    path = recording(tmp_path, *(payload(timestamp_ms=T0_MS + at) for at in (0, 10_000, 15_000)))
    clock = FakeClock()
    feed = replay(path, speed=10.0, monotonic=clock.monotonic, sleep=clock.sleep)
    came = []
    for _ in range(30):
        if feed.read(0.1) is not None:
            came.append(round(clock.now - 1_000, 1))
        if len(came) == 3:
            break
    assert came == [0.0, 1.0, 1.5]


def test_what_is_due_comes_even_to_a_reader_without_time(tmp_path: Path, replay: Replay) -> None:
    assert replay(recording(tmp_path, payload()), speed=1.0).read(0.0) is not None


def test_without_a_speed_it_never_waits(tmp_path: Path, replay: Replay) -> None:
    path = recording(tmp_path, payload(timestamp_ms=T0_MS), payload(timestamp_ms=T0_MS + 86_400_000))
    clock = FakeClock()
    assert len(all_frames(replay(path, monotonic=clock.monotonic, sleep=clock.sleep))) == 2
    assert clock.now == 1_000


def test_without_symbols_everything_comes_and_with_symbols_only_their_trades(tmp_path: Path, replay: Replay) -> None:
    mixed = b'{"data":[{"p":1,"s":"A","t":1,"v":1},{"p":1,"s":"B","t":1,"v":1},{"p":1,"t":1,"v":1}],"type":"trade"}'
    path = recording(tmp_path, mixed, payload("C"))
    assert [len(frame.trades) for frame in all_frames(replay(path))] == [3, 1]
    feed = replay(path)
    feed.subscribe(["B"])
    (frame,) = all_frames(feed)
    assert [trade.symbol for trade in frame.trades] == ["B", None]
    assert frame.payload == mixed


def test_blank_lines_and_a_missing_last_newline_are_fine(tmp_path: Path, replay: Replay) -> None:
    path = recording(tmp_path, b"", payload("A"), b"  ", payload("B"))
    assert [frame.payload for frame in all_frames(replay(path))] == [payload("A"), payload("B")]


def test_recorded_pings_are_events(tmp_path: Path, replay: Replay) -> None:
    message = replay(recording(tmp_path, payload(timestamp_ms=T0_MS), b'{"type":"ping"}'))
    message.read(0.0)
    event = message.read(0.0)
    assert isinstance(event, FeedEvent)
    assert (event.kind, event.at_ms) == (FeedEventKind.HEARTBEAT, T0_MS)


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.jsonl.gz", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FeedError, match=str(tmp_path)):
        ReplayFeed(tmp_path / name).start()


def test_a_cut_file_gives_all_that_is_whole_and_then_says_so(tmp_path: Path, replay: Replay) -> None:
    path = tmp_path / "cut.jsonl.gz"
    whole = gzip.compress(b"\n".join(payload(timestamp_ms=T0_MS + i * 7919) for i in range(5_000)), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])
    feed = replay(path)
    frames = 0
    caught = None
    while caught is None:
        try:
            assert feed.read(0.0) is not None
            frames += 1
        except FeedError as error:
            caught = error
    assert not isinstance(caught, EndOfFeed)
    assert str(path) in str(caught)
    assert 1_000 < frames < 5_000
    assert f"after line {frames}" in str(caught)
    with pytest.raises(FeedError, match="cut or damaged"):
        feed.read(0.0)


def test_a_file_that_is_no_gzip_is_an_error_that_names_it(tmp_path: Path, replay: Replay) -> None:
    path = tmp_path / "frames.jsonl.gz"
    path.write_bytes(payload())
    feed = replay(path)
    with pytest.raises(FeedError, match=r"frames\.jsonl\.gz"):
        feed.read(0.0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jsonl", b""),
        ("blank.jsonl", b" \n\n"),
        ("empty.jsonl.gz", b""),
        ("blank.jsonl.gz", gzip.compress(b"", mtime=0)),
    ],
    ids=["empty", "blank", "empty-gz", "blank-gz"],
)
def test_a_recording_without_a_frame_is_an_error_that_names_it(
    tmp_path: Path, replay: Replay, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FeedError, match=f"{name} is empty"):
        replay(path).read(0.0)


@pytest.mark.parametrize("real", [None, *real_recordings()])
def test_every_trade_of_a_recording_is_accepted(tmp_path: Path, replay: Replay, real: Path | None) -> None:
    path = real or tmp_path / "day.jsonl"
    if real is None:
        write_made_up_day(path)
    sent = read_trades(path)
    intake = Intake(source="recording")
    results = [intake.accept(frame) for frame in all_frames(replay(path))]
    assert [len(result.trades) for result in results] == [len(trades) for trades in sent]
    assert not any(result.dead_letters or result.redelivered for result in results)


def test_parsing_a_line_and_replaying_it_give_the_same_trades(tmp_path: Path, replay: Replay) -> None:
    (frame,) = all_frames(replay(recording(tmp_path, payload())))
    parsed = parse_message(payload(), 0)
    assert isinstance(parsed, Frame)
    assert frame.trades == parsed.trades
