import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.finnhub.websocket_feed import FinnhubFeed
from adapters.simulator.ledger import read_ledger
from domain.feed import FeedEventKind
from tests.support.feeds import quiet_server, read_frames, read_until, settings

ROOT = Path(__file__).parents[3]


@contextmanager
def running(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The app as a process of its own, and its address."""
    command = [sys.executable, "-u", "-m", "apps.simulator", *flags]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAPELINE_")}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            assert "ws://127.0.0.1:" in first, process.stderr.read() if process.stderr else ""
            yield process, next(word for word in first.replace(",", " ").split() if word.startswith("ws://"))
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_a_feed_until_it_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    with running("--port=0", "--rate=1000", f"--ledger={ledger}", "--quirks-redelivery-rate=0.5") as (process, url):
        feed = FinnhubFeed(settings(url))
        feed.subscribe(["AAPL"])
        feed.start()
        arrived = [frame.payload for frame in read_frames(feed, 50)]
        feed.close()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Stopped after 1 handshakes" in out
    assert not err
    assert [entry.payload for entry in read_ledger(ledger)][:50] == arrived


def test_it_stops_with_a_client_connected() -> None:
    with running("--port=0") as (process, url):
        feed = FinnhubFeed(settings(url))
        feed.subscribe(["AAPL"])
        feed.start()
        read_until(feed, FeedEventKind.SUBSCRIBED)
        process.terminate()
        process.communicate(timeout=30)
        feed.close()
    assert process.returncode == 0


def refused(*flags: str) -> str:
    """What the app says when it refuses to run."""
    command = [sys.executable, "-m", "apps.simulator", *flags]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_busy_port_is_a_clear_word() -> None:
    with quiet_server() as server:
        assert "already in use" in refused(f"--port={server.port}")


@pytest.mark.parametrize(
    "flag",
    ["--rate=-1", "--quirks-garbage-rate=2", "--speed=fast", "--port=70000", "--replay=none.jsonl", "--nonsense"],
)
def test_a_wrong_setting_is_a_clear_word(flag: str) -> None:
    assert refused(flag, *([] if "port" in flag else ["--port=0"]))
