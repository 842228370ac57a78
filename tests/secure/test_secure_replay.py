"""A replay through the secure stack, TLS and rights on every hop: rows and candles are those of the plain stack, byte for byte, and each program is its own user."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import attrs
import httpx
import pytest

from apps.local_stack.parts import Servers
from devstack.stack import Stack
from tests.support.programs import ended, run, start, start_in
from tests.support.recordings import write_made_up_day
from tests.support.timeouts import TIMEOUT_S

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.timeout(900)]

SYMBOL = "AAPL"
DAY = "2023-11-14"
"""The day of the recording, in UTC and at the market."""
NEXT_DAY = "2023-11-15"


@attrs.frozen
class Replayed:
    """A stack that a recording was replayed through, and that is still up."""

    stack: Stack
    candles: bytes
    """The file of candles that it wrote."""

    def variables(self, role: str) -> dict[str, str]:
        """Return the variables of a program that is the role of this name in Cassandra, and the user in Kafka."""
        user = role if role == "report" else "monitoring"
        return Servers.of(self.stack, user=user, role=role).variables()

    def trades(self) -> str:
        """Return the stored trades of the symbol."""
        done = run(
            "apps.query",
            "trades",
            SYMBOL,
            "--from",
            DAY,
            "--to",
            NEXT_DAY,
            "--format",
            "csv",
            **self.variables("query"),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of its own for the stacks, which are down and gone afterwards."""
    folder = tmp_path_factory.mktemp("replay")
    write_made_up_day(folder / "day.jsonl", frames=1_000)
    yield folder
    for name in ("plain", "secure"):
        down(folder, name)


def down(folder: Path, name: str) -> None:
    start_in(folder, "devstack", "down", "--name", name).communicate(timeout=TIMEOUT_S)


def replay(folder: Path, name: str, *flags: str) -> Replayed:
    stack = start_in(
        folder, "apps.stack", "--name", name, "--keep", "--replay", "day.jsonl", "--speed", "max",
        "--candles-out", f"{name}.csv", *flags,
    )  # fmt: skip
    out, _ = stack.communicate(timeout=5 * TIMEOUT_S)
    assert stack.returncode == 0, out
    return Replayed(Stack(name=name, home=folder / ".devstack"), (folder / f"{name}.csv").read_bytes())


@pytest.fixture(scope="module")
def secure(folder: Path) -> Replayed:
    return replay(folder, "secure", "--secure")


def test_rows_and_candles_are_those_of_the_plain_stack(folder: Path, secure: Replayed) -> None:
    plain = replay(folder, "plain")
    assert secure.candles == plain.candles
    assert secure.trades() == plain.trades()
    assert secure.trades().count("\n") > 100
    down(folder, "plain")


def test_reconcile_reads_the_trades_and_finds_no_difference(secure: Replayed) -> None:
    arguments = ("apps.reconcile", "--day", DAY, "--written", "now")
    done = ended(start(*arguments, **secure.variables("reconcile")), 3 * TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    assert re.search(r"[1-9]\d* candles of stored trades; 0 missing, 0 changed, 0 extra", done.stderr), done.stderr


def test_a_report_reads_the_day(secure: Replayed) -> None:
    arguments = ("apps.report", "--day", DAY, "--written", "now", "--symbol", SYMBOL, "--format", "json")
    done = run(*arguments, **secure.variables("report"))
    assert "not known" not in done.stderr
    report = json.loads(done.stdout)
    assert report["trades"] + report["updates"] == secure.trades().count("\n") - 1


def test_the_dashboard_serves_the_candles(secure: Replayed) -> None:
    dashboard = start("apps.dashboard", "--web-port", "0", **secure.variables("dashboard"))
    try:
        assert dashboard.stdout is not None
        page = re.search(r"http://\S+", dashboard.stdout.readline())
        assert page is not None
        answer = httpx.get(
            f"{page[0]}/api/candles", params={"symbol": SYMBOL, "from": DAY, "to": NEXT_DAY}, timeout=TIMEOUT_S
        )
        assert answer.json()["candles"], answer.text
        dashboard.send_signal(signal.SIGINT)
        assert ended(dashboard).returncode == 0
    finally:
        dashboard.kill()
