"""The account of the sent side: what was sent, received, acknowledged and kept, and the laws between them.

Trades and their ids are worked out here anew from the bytes that were sent, see `frames`: what the producer made of them is compared with that.

1. Each record that Kafka acknowledged is in Kafka.
2. What arrived on a connection is the beginning of what was sent on it; the rest is missing, and lies in a gap.
3. What arrived is in Kafka, once, each symbol in its order; what is no valid trade is in the dead letters, with its bytes. Nothing else is there.
4. What arrived at a producer that was killed and is not in Kafka is the end of each symbol's trades: what was not acknowledged.
5. No trade that was sent and is not in Kafka lies in a time of which a record on the topic of events claims that nothing was missed.
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

_DELAY_MS: Final = 1_000
"""Trades of the last second before a claim's end may still have been on their way: it does not count, see docs/gaps.md."""
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
    events: Sequence[TopicRecord]

    def unkept(self) -> list[Acknowledged]:
        """Give what was acknowledged and is not in Kafka: nothing, by law 1."""
        kept = Counter(digest(record.value) for record in (*self.trades, *self.dead_letters, *self.events))
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

    def expected(self) -> dict[int, list[Identity]]:
        """Give the trades that each run should have published, in order; frames that came again are left out."""
        runs: dict[int, list[Identity]] = defaultdict(list)
        numbers: Counter[tuple[int, str, int]] = Counter()
        for each, found, _ in self._judged():
            for symbol, at_ms, checksum in found:
                ordinal = numbers[each.run, symbol, at_ms]
                numbers[each.run, symbol, at_ms] += 1
                runs[each.run].append((symbol, at_ms, f"{ordinal:04d}-{checksum}"))
        return runs

    def expected_letters(self) -> Counter[bytes]:
        """Give what should have become dead letters."""
        return Counter(letter for _, _, letters in self._judged() for letter in letters)

    def _judged(self) -> Iterator[tuple[Heard, list[tuple[str, int, str]], list[bytes]]]:
        """Give for each frame that arrived its valid trades, and the bytes of what should be dead letters."""
        payloads = {digest(entry.payload): entry.payload for entry in self.sent}
        met: set[tuple[int, str]] = set()
        for each in self.heard:
            if not each.frame or (each.run, each.frame) in met:
                continue
            payload = payloads[each.frame]
            if is_trade_frame(payload):
                met.add((each.run, each.frame))
                yield each, *read_frame(payload, each.at_ms)
            else:
                yield each, [], [payload]

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
        for run, trades in self.expected().items():
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
        written, letters = Counter(record.value for record in self.dead_letters), self.expected_letters()
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
        return [
            each
            for each in self.missing()
            if not any(gap.from_ms <= each.due_ms and each.entry.sent_ms <= gap.to_ms for gap in gaps)
        ]

    def told(self) -> Counter[str]:
        """Count the events on their topic by kind."""
        return Counter(json.loads(record.value)["kind"] for record in self.events)

    def claims(self) -> dict[str, list[tuple[int, int]]]:
        """Give for each symbol the times of which it is claimed that no trade was missed, in order and apart from each other, ms since the epoch."""
        spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for record in self.events:
            event = json.loads(record.value)
            for symbol, since_ms in event["symbols"].items():
                spans[symbol].append((since_ms, event["seen_ms"] - _DELAY_MS))
        return {symbol: _union(each) for symbol, each in spans.items()}

    def claimed(self) -> list[Identity]:
        """Give the trades that are missing at a time which is claimed to be seen: nothing, by law 5."""
        claims = self.claims()
        lost = [trade for trades in self.unpublished().values() for trade in trades]
        for each in self.missing():
            if is_trade_frame(each.entry.payload):
                lost += read_frame(each.entry.payload, each.due_ms)[0]
        return [trade for trade in lost if any(start <= trade[1] < end for start, end in claims.get(trade[0], ()))]

    def holes(self) -> int:
        """Count the times between claims of which nothing is claimed, of the symbol that has the most of them."""
        return max(len(spans) - 1 for spans in self.claims().values())


def _union(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
