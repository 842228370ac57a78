"""Frames that are no trades come among those that are: each is a dead letter with its bytes and its reason, and the connection lives."""

import time
from collections import Counter
from pathlib import Path

import pytest

from adapters.simulator.quirks import Quirks
from adapters.simulator.server import SimulatedFinnhub
from adapters.simulator.settings import SimulatorSettings

from .fault_report import Tell
from .producer_harness import Sending

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]

WHOLE = {
    "no JSON": b"not json",
    "nothing": b"",
    "cut": b'{"data":[{"c":null,"p":1.5,"s":"CUT","t":17',
    "not UTF-8": b'{"data":[{"c":null,"p":1.5,"s":"\xff\xfe","t":1,"v":1}],"type":"trade"}',
    "a surrogate in UTF-8": b'{"data":[],"type":"\xed\xa0\x80"}',
    "no list": b'{"data":{"p":1},"type":"trade"}',
    "no type": b'{"data":[]}',
    "a number for a type": b'{"type":7}',
    "a list": b"[1,2,3]",
    "null": b"null",
    "NaN": b'{"data":[NaN],"type":"trade"}',
    "deep": b"[" * 100_000,
    "huge": b'{"data":[],"type":"' + b"x" * 12_000_000,
}
"""Frames that cannot be understood: each is one dead letter, `malformed`, of all its bytes."""

TRADES = (
    ("missing_or_mistyped", '{"c":null,"p":"1.5","s":"BAD","t":NOW,"v":1}'),
    ("missing_or_mistyped", '{"c":null,"s":"BAD","t":NOW,"v":1}'),
    ("missing_or_mistyped", '{"c":null,"p":1.5,"s":null,"t":NOW,"v":1}'),
    ("missing_or_mistyped", '{"c":null,"p":1.5,"s":"BAD","t":"NOW","v":1}'),
    ("missing_or_mistyped", '{"c":null,"p":1.5,"s":"BAD","t":NOW.5,"v":1}'),
    ("missing_or_mistyped", '{"c":null,"p":true,"s":"BAD","t":NOW,"v":1}'),
    ("missing_or_mistyped", '{"c":[1,2],"p":1.5,"s":"BAD","t":NOW,"v":1}'),
    ("missing_or_mistyped", '{"c":"1","p":1.5,"s":"BAD","t":NOW,"v":1}'),
    ("missing_or_mistyped", "null"),
    ("missing_or_mistyped", "[]"),
    ("bad_symbol", '{"c":null,"p":1.5,"s":"","t":NOW,"v":1}'),
    ("bad_symbol", '{"c":null,"p":1.5,"s":"B\\u00c4D","t":NOW,"v":1}'),
    ("price_not_positive", '{"c":null,"p":0,"s":"BAD","t":NOW,"v":1}'),
    ("price_not_positive", '{"c":null,"p":-1.5,"s":"BAD","t":NOW,"v":1}'),
    ("negative_volume", '{"c":null,"p":1.5,"s":"BAD","t":NOW,"v":-3}'),
    ("too_precise", '{"c":null,"p":1.123456789,"s":"BAD","t":NOW,"v":1}'),
    ("too_large", '{"c":null,"p":1e400,"s":"BAD","t":NOW,"v":1}'),
    ("too_old", '{"c":null,"p":1.5,"s":"BAD","t":1,"v":1}'),
    ("in_future", '{"c":null,"p":1.5,"s":"BAD","t":9NOW,"v":1}'),
)
"""Trades that break a rule, with the reason: each is one dead letter of its own bytes, whatever else is in its frame."""


def test_each_bad_frame_is_a_dead_letter_with_its_reason_and_the_connection_lives(
    tmp_path: Path, bootstrap_servers: str, tell: Tell
) -> None:
    quirks = Quirks(
        garbage_rate=0.1,
        invalid_rate=0.05,
        twin_rate=0.1,
        backwards_rate=0.1,
        odd_conditions_rate=0.1,
        redelivery_rate=0.1,
    )
    now = str(time.time_ns() // 1_000_000)
    bad = [(reason, text.replace("NOW", now).encode()) for reason, text in TRADES]
    frame = b'{"data":[' + b",".join(text for _, text in bad) + b'],"type":"trade"}'
    with (
        SimulatedFinnhub(SimulatorSettings(rate=400, quirks=quirks, ledger_limit=10**6)) as server,
        Sending(tmp_path, bootstrap_servers, server) as sending,
    ):
        for payload in (*WHOLE.values(), frame):
            sending.carry(5)
            server.send_raw(payload)
        sending.carry(100)
        account = sending.settled()
    assert list(account.gaps()) == []
    assert account.missing() == []
    assert account.unkept() == []
    assert account.unpublished() == {}
    assert account.claimed() == []
    assert account.holes() == 0
    reasons = [(dict(record.headers)["reason"].decode(), record.value) for record in account.dead_letters]
    whole = Counter(entry.payload for entry in account.sent if entry.kind == "garbage") + Counter(WHOLE.values())
    assert Counter(value for reason, value in reasons if reason == "malformed") == whole
    assert {value: reason for reason, value in reasons if b"BAD" in value} == {
        text: reason for reason, text in bad if b"BAD" in text
    }
    counts = Counter(reason for reason, _ in reasons)
    assert counts >= Counter(reason for reason, _ in bad)
    tell(
        "malformed, huge, cut, non-UTF-8, wrong-typed frames and trades in the stream",
        "each a dead letter with its bytes and reason; counts equal; the connection lives; all valid trades kept",
        f"{len(account.trades)} trades, {len(reasons)} dead letters: "
        + ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items())),
    )
