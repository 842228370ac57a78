"""The account of the sent side: what was sent, received, acknowledged and kept, and the laws between them.

Trades and their ids are worked out here anew from the bytes that were sent, see `frames`: what the producer made of them is compared with that.

1. Each record that Kafka acknowledged is in Kafka.
2. What arrived on a connection is the beginning of what was sent on it; the rest is missing, and lies in a gap.
3. What arrived is in Kafka, once, each symbol in its order; what is no valid trade is in the dead letters, with its bytes. Nothing else is there.
4. What arrived at a producer that was killed and is not in Kafka is the end of each symbol's trades: what was not acknowledged.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

import attrs

from adapters.simulator.ledger import LedgerEntry
from domain.record import TopicRecord

from .frames import digest, is_trade_frame, read_frame

Identity = tuple[str, int, str]
"""Symbol, milliseconds, trade_id: what makes a trade in the store."""

_WAIT: Final = re.compile(r"next attempt in ([0-9.]+) s")


@attrs.frozen(kw_only=True)
class Heard:
    """A frame or an event that a producer received. Runs are counted from 0, and the connections of each from 1."""

    run: int
    connection: int
    at_ms: int
    frame: str = ""
    """The digest of the frame; empty for an event."""
    event: str = ""
    detail: str = ""
    symbols: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Acknowledged:
    """A delivery report of Kafka: the record is kept."""

    topic: str
    value: str
    """The digest of the record's value."""
    begins: str


@attrs.frozen(kw_only=True)
class Gap:
    """A time in which nothing was received, by the events of the connections, ms since the epoch."""

    from_ms: int
    """The last word of the connection that was lost."""
    to_ms: int
    """When the next one had subscribed."""
    chosen_ms: int
    """How much of it the backoff took."""

    @property
    def length_ms(self) -> int:
        """How long it was."""
        return self.to_ms - self.from_ms


@attrs.frozen(kw_only=True)
class Missing:
    """A message that was sent and never arrived."""

    entry: LedgerEntry
    due_ms: int
    """When it would have been read, had it come as fast as the last one before it on its connection."""


@attrs.frozen(kw_only=True)
class Account:
    """All that is known of a test's trades, from the server to the topics."""

    sent: Sequence[LedgerEntry]
    heard: Sequence[Heard]
    acknowledged: Sequence[Acknowledged]
    trades: Sequence[TopicRecord]
    dead_letters: Sequence[TopicRecord]

    def unkept(self) -> list[Acknowledged]:
        """Give what was acknowledged and is not in Kafka: nothing, by law 1."""
        kept = Counter(digest(record.value) for record in (*self.trades, *self.dead_letters))
        missing = []
        for each in self.acknowledged:
            kept[each.value] -= 1
            if kept[each.value] < 0:
                missing.append(each)
        return missing

    def missing(self) -> list[Missing]:
        """Give what was sent and did not arrive. Raises AssertionError against law 2."""
        sent: dict[int, list[LedgerEntry]] = defaultdict(list)
        for entry in self.sent:
            sent[entry.connection].append(entry)
        at = {digest(entry.payload): entry.connection for entry in self.sent if entry.kind == "trade"}
        heard: dict[tuple[int, int], list[Heard]] = defaultdict(list)
        for each in self.heard:
            if each.frame:
                heard[each.run, each.connection].append(each)
        lag_ms: Counter[int] = Counter()
        for frames in heard.values():
            number = next(at[each.frame] for each in frames if each.frame in at)
            first, rest = sent[number][: len(frames)], sent[number][len(frames) :]
            assert [each.frame for each in frames] == [digest(entry.payload) for entry in first], "not the beginning"
            sent[number] = rest
            lag_ms[number] = frames[-1].at_ms - first[-1].sent_ms
        return [
            Missing(entry=entry, due_ms=entry.sent_ms + lag_ms[number])
            for number, entries in sent.items()
            for entry in entries
        ]

    def expected(self) -> tuple[dict[int, list[Identity]], Counter[bytes]]:
        """Give what should be in Kafka: the trades of each run, in order, and the dead letters."""
        entries = {digest(entry.payload): entry for entry in self.sent}
        runs: dict[int, list[Identity]] = defaultdict(list)
        letters: Counter[bytes] = Counter()
        met: set[tuple[int, str]] = set()
        numbers: Counter[tuple[int, str, int]] = Counter()
        for each in self.heard:
            if not each.frame or (each.run, each.frame) in met:
                continue
            entry = entries[each.frame]
            if not is_trade_frame(entry.payload):
                letters[entry.payload] += 1
                continue
            met.add((each.run, each.frame))
            found, rejected = read_frame(entry.payload, each.at_ms)
            letters.update(rejected)
            for symbol, at_ms, checksum in found:
                ordinal = numbers[each.run, symbol, at_ms]
                numbers[each.run, symbol, at_ms] += 1
                runs[each.run].append((symbol, at_ms, f"{ordinal:04d}-{checksum}"))
        return runs, letters

    def kept(self) -> dict[str, list[Identity]]:
        """Give the trades in Kafka by symbol, in the order of their offsets. Raises AssertionError when a symbol is in two partitions."""
        partitions: dict[str, set[int]] = defaultdict(set)
        found: dict[str, list[Identity]] = defaultdict(list)
        for record in sorted(self.trades, key=lambda record: (record.partition, record.offset)):
            trade = json.loads(record.value, parse_float=Decimal)
            assert record.key == trade["symbol"].encode(), record
            partitions[trade["symbol"]].add(record.partition)
            found[trade["symbol"]].append((trade["symbol"], trade["timestamp_ms"], trade["trade_id"]))
        assert all(len(each) == 1 for each in partitions.values()), partitions
        return found

    def unpublished(self) -> dict[int, list[Identity]]:
        """Give the trades that arrived and are not in Kafka, by run. Raises AssertionError against law 3, and against law 4."""
        kept = {symbol: [*reversed(trades)] for symbol, trades in self.kept().items()}
        missing: dict[int, list[Identity]] = defaultdict(list)
        runs, letters = self.expected()
        for run, trades in runs.items():
            ended: set[str] = set()
            for trade in trades:
                left = kept.get(trade[0], [])
                if left and left[-1] == trade and trade[0] not in ended:
                    left.pop()
                else:
                    missing[run].append(trade)
                    ended.add(trade[0])
        rest = [trade for trades in kept.values() for trade in reversed(trades)]
        assert not rest, f"{len(rest)} in Kafka twice, out of order or out of nowhere, such as {rest[:3]}"
        written = Counter(record.value for record in self.dead_letters)
        assert written <= letters if missing else written == letters, "not the dead letters that it should be"
        return missing

    def gaps(self) -> Iterator[Gap]:
        """Give the times between the last word of a connection and the moment in which the next one had subscribed."""
        last_ms = chosen_ms = run = 0
        lost_ms: int | None = None
        for each in self.heard:
            if lost_ms is None and (each.event == "disconnected" or each.run != run):
                lost_ms, chosen_ms = last_ms, 0
            if wait := _WAIT.search(each.detail):
                chosen_ms += round(float(wait[1]) * 1_000)
            if lost_ms is not None and each.event == "subscribed":
                yield Gap(from_ms=lost_ms, to_ms=each.at_ms, chosen_ms=chosen_ms)
                lost_ms = None
            if each.event != "silent":
                last_ms = each.at_ms
            run = each.run

    def in_no_gap(self) -> list[Missing]:
        """Give what did not arrive and was due outside of all gaps: nothing, by law 2."""
        gaps = [*self.gaps()]
        return [each for each in self.missing() if not any(gap.from_ms <= each.due_ms <= gap.to_ms for gap in gaps)]
