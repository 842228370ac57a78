"""The whole pipeline on real servers, as `make stack` runs it."""

import csv
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.kafka.offsets import end_offsets
from adapters.kafka.settings import KafkaSettings
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from devstack.stack import Stack
from domain.rules import DAY_MS
from tests.support.programs import TOKEN, run, start_in
from tests.support.recordings import write_made_up_day
from tests.support.sockets import is_loopback, listening
from tests.support.timeouts import TIMEOUT_S

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own for the dev stack, which is down and gone afterwards."""
    yield tmp_path
    down = start_in(tmp_path, "devstack", "down", "--name", "stack")
    out, _ = down.communicate(timeout=TIMEOUT_S)
    assert down.returncode == 0, out


def test_a_replay_is_stored_whole_and_its_candles_are_those_of_the_domain(folder: Path) -> None:
    recording = folder / "day.jsonl"
    trades = write_made_up_day(recording, frames=3_000)
    # One trade is 40 days older than its frame, which only the rules of this run accept.
    old = {**trades[0], "s": "AAPL", "t": int(str(trades[0]["t"])) - 40 * DAY_MS}
    frame = json.dumps({"data": [old, trades[0]], "type": "trade"})
    recording.write_text(f"{frame}\n{recording.read_text()}")
    trades += [old, trades[0]]
    rows = sum(trade["s"] == "AAPL" for trade in trades)
    candles = len({(str(trade["s"]), int(str(trade["t"])) // 60_000) for trade in trades})
    replay = ("--replay", str(recording), "--speed", "max", "--rules-max-age-s", str(41 * DAY_MS // 1000))
    stack = start_in(folder, "apps.stack", *replay, "--candles-out", "stack.csv", "--keep")
    out, _ = stack.communicate(timeout=4 * TIMEOUT_S)
    assert stack.returncode == 0, out
    assert f"{candles} candles of" in out
    run("apps.live", *replay, "--candles-out", str(folder / "live.csv"))
    assert (folder / "stack.csv").read_text() == (folder / "live.csv").read_text()
    kafka = KafkaSettings(bootstrap_servers=Stack(name="stack", home=folder / ".devstack").bootstrap_servers)
    # One partition keeps the order of the recording.
    assert end_offsets(kafka, "trades") == {0: len(trades)}
    port = re.search(r"cassandra-1 up on 127\.0\.0\.1:(\d+)", out)
    assert port is not None
    query = start_in(
        folder, "apps.query", "trades", "AAPL", "--from", "2023-10-01", "--to", "2023-11-16", "--format", "csv",
        "--cassandra-port", port[1],
    )  # fmt: skip
    text, _ = query.communicate(timeout=TIMEOUT_S)
    assert len(list(csv.DictReader(text.splitlines()))) == rows


def test_ctrl_c_ends_everything_and_no_token_is_left_anywhere(folder: Path) -> None:
    with SimulatedFinnhub(SimulatorSettings(rate=200)) as simulator:
        stack = start_in(
            folder, "apps.stack", "--keep", TAPELINE_FINNHUB_TOKEN=TOKEN, TAPELINE_FINNHUB_URL=simulator.url
        )
        assert stack.stdout is not None
        shown = []
        for line in stack.stdout:
            shown.append(line)
            if re.search(r" n [1-9]", line):
                break
        sockets = listening([stack.pid])
        assert len(sockets) > len(Stack(name="stack", home=folder / ".devstack").ports)
        assert {address for address, _ in sockets if not is_loopback(address)} == set()
        second, _ = start_in(folder, "apps.stack").communicate(timeout=TIMEOUT_S)
        assert f"the stack 'stack' is in use by process {stack.pid}" in second
        stack.send_signal(signal.SIGINT)
        rest, _ = stack.communicate(timeout=2 * TIMEOUT_S)
    assert stack.returncode == 0, "".join(shown) + rest
    assert re.search(r"in Cassandra: [1-9]\d* rows in trades_v2, [1-9]\d* candles", rest)
    logs = {path: path.read_text(errors="replace") for path in (folder / ".devstack").rglob("*.log")}
    assert {"producer.log", "aggregator.log"} <= {path.name for path in logs}
    assert [path for path, text in logs.items() if TOKEN in text] == []
    assert TOKEN not in "".join(shown) + rest
