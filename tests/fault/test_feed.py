"""The feed's connection is lost in every way: it is made again in time, and what could not be seen is known by its time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings

from .sending import SYMBOLS, Sending, await_that
from .telling import Tell

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

RECONNECT_MS = 5_000
RATE = 400


@pytest.fixture
def server() -> Iterator[SimulatedFinnhub]:
    with SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as server:
        yield server


def test_a_connection_that_is_reset_is_made_again_and_only_what_was_on_the_way_is_missing(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, tell: Tell
) -> None:
    with Sending(tmp_path, bootstrap_servers, server) as sending:
        for how in ("reset", "close", "eof"):
            sending.carry(50)
            server.drop_connections(how)
            await_that(lambda: set(SYMBOLS) in server.subscriptions(), "all symbols again")
        account = sending.settled()
    gaps = list(account.gaps())
    unseen = account.unseen()
    assert len(gaps) == 3
    assert max(gap.length_ms - gap.chosen_ms for gap in gaps) < RECONNECT_MS
    assert account.in_no_gap(unseen) == []
    assert account.unkept() == []
    assert account.unpublished() == {}
    assert account.dead_letters == []
    tell(
        "the WebSocket is reset, closed, ended",
        "made again with all symbols; all that arrived is in Kafka, in order",
        f"{len(account.trades)} trades, {len(unseen)} frames unseen in {len(gaps)} gaps, "
        f"longest {max(gap.length_ms for gap in gaps)} ms",
    )
