"""The feed's connection is lost in every way: it is made again in time with all symbols, and what could not be seen is known by its time."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings
from tests.support.feeds import Relay
from tests.support.timeouts import scaled, wait_until

from .delivery_ledger import Account
from .fault_report import Tell
from .producer_harness import SYMBOLS, Sending

pytestmark = [pytest.mark.servers, pytest.mark.timeout(400)]

RECONNECT_MS = scaled(5_000)
"""How long it may take until all symbols are subscribed again, beyond the waits of the backoff."""
RATE = 400
A_CLAIM = 160
"""So many frames, of 5 trades, take two seconds: long enough for a claim of their own, which leaves out its last second."""
full = pytest.mark.faults


@pytest.fixture
def server() -> Iterator[SimulatedFinnhub]:
    with SimulatedFinnhub(SimulatorSettings(rate=RATE, ledger_limit=10**6)) as server:
        yield server


@pytest.fixture
def sending(tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub) -> Iterator[Sending]:
    with Sending(tmp_path, bootstrap_servers, server) as sending:
        sending.carry(A_CLAIM)
        yield sending


def check(account: Account, *, gaps: int | None = 1, unavoidable_ms: int = 0) -> str:
    """Check what must hold whatever happened to the connection, and give the figures.

    `gaps` is how many there must be; None stands for any number of them, one right after the other, which together are no longer than one may be.
    """
    found = list(account.gaps())
    if gaps is None:
        assert [gap.to_ms for gap in found[:-1]] == [gap.from_ms for gap in found[1:]]
        lengths_ms = [sum(gap.length_ms - gap.chosen_ms for gap in found)]
    else:
        assert len(found) == gaps
        lengths_ms = [gap.length_ms - gap.chosen_ms for gap in found]
    assert max(lengths_ms) < RECONNECT_MS + unavoidable_ms
    assert account.in_no_gap() == []
    assert account.unkept() == []
    assert account.unpublished() == {}
    assert account.claimed() == []
    assert 1 <= account.holes() <= len(found)
    return (
        f"{len(account.trades)} trades kept, {len(account.missing())} frames unseen, {len(found)} gaps, "
        f"the longest {max(gap.length_ms for gap in found) / 1_000:.1f} s"
    )


def all_subscribed(server: SimulatedFinnhub) -> Callable[[], bool]:
    return lambda: set(SYMBOLS) in server.subscriptions()


def test_a_connection_that_is_reset_closed_or_ended_is_made_again(
    sending: Sending, server: SimulatedFinnhub, tell: Tell
) -> None:
    for how in ("reset", "close", "eof"):
        assert server.drop_connections(how) == 1
        wait_until(all_subscribed(server), "all symbols again")
        sending.carry(30)
    sending.carry(A_CLAIM)
    tell(
        "the WebSocket is reset, closed, ended",
        "made again in < 5 s beyond the backoff, with all symbols; all that arrived is in Kafka, in order",
        check(sending.settled(), gaps=3),
    )


@pytest.mark.parametrize("timeout_s", [3, pytest.param(90, marks=full)])
def test_a_connection_that_passes_nothing_any_more_is_given_up(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, tell: Tell, timeout_s: int
) -> None:
    relay = Relay(server.port)
    flags = ("--finnhub-silence-timeout", str(timeout_s))
    with Sending(tmp_path, bootstrap_servers, server, *flags, url=relay.url) as sending:
        sending.carry(A_CLAIM)
        relay.freeze()
        wait_until(sending.is_cut_off, "noticed", timeout_s + scaled(30))
        wait_until(all_subscribed(server), "all symbols again")
        sending.carry(A_CLAIM)
        account = sending.settled()
    relay.close()
    assert len(account.missing()) > 30
    tell(
        f"the WebSocket is half-open: nothing passes; given up after {timeout_s} s of silence",
        "noticed, made again with all symbols; all that did not arrive lies in the gap",
        # Until the server knows that the old connection is dead it closes new ones on the same key, however many, perhaps after they subscribed.
        check(account, gaps=None, unavoidable_ms=1_000 * timeout_s),
    )


@pytest.mark.parametrize("times", [1, pytest.param(4, marks=full)])
def test_a_handshake_that_hangs_is_given_up_after_five_seconds(
    sending: Sending, server: SimulatedFinnhub, tell: Tell, times: int
) -> None:
    server.hang_handshakes(times)
    server.drop_connections()
    wait_until(all_subscribed(server), "all symbols again", scaled(120))
    sending.carry(A_CLAIM)
    tell(
        f"the handshake hangs, {times} times",
        "each given up after 5 s, then made with all symbols",
        check(sending.settled(), unavoidable_ms=5_000 * times),
    )


@full
@pytest.mark.parametrize("retry_after_s", [None, 50])
def test_a_handshake_that_is_refused_with_429_is_not_tried_again_too_soon(
    sending: Sending, server: SimulatedFinnhub, tell: Tell, retry_after_s: int | None
) -> None:
    server.refuse_handshakes(429, retry_after_s=retry_after_s)
    server.drop_connections()
    wait_until(all_subscribed(server), "all symbols again", scaled(120))
    sending.carry(A_CLAIM)
    account = sending.settled()
    (gap,) = account.gaps()
    assert gap.length_ms >= 1_000 * (retry_after_s or 30)
    assert server.handshakes == 3
    tell(
        f"HTTP 429{f' with Retry-After {retry_after_s}' if retry_after_s else ''}",
        "waits for 30 s or more, as long as the server says, then once more; the gap is known",
        check(account),
    )


@full
@pytest.mark.parametrize("seconds", [2, 60])
def test_a_server_that_is_gone_is_found_again_when_it_is_back(
    tmp_path: Path, bootstrap_servers: str, server: SimulatedFinnhub, tell: Tell, seconds: int
) -> None:
    with Sending(tmp_path, bootstrap_servers, server) as sending:
        sending.carry(A_CLAIM)
        server.close()
        sending.wait(seconds)
        with SimulatedFinnhub(SimulatorSettings(rate=RATE, port=server.port, seed=2, ledger_limit=10**6)) as again:
            sending.servers.append(again)
            wait_until(all_subscribed(again), "all symbols again")
            sending.carry(A_CLAIM)
            account = sending.settled()
    (gap,) = account.gaps()
    assert gap.length_ms >= 1_000 * seconds
    tell(
        f"Finnhub is gone for {seconds} s",
        "found again by the backoff, at most 30 s after it is back; the gap is known",
        check(account),
    )
