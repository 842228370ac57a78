"""The account of the sending side: the messages sent, received, acknowledged and stored in Kafka, and the laws between them.

The expected trades and their ids are computed independently from the bytes that were sent, see `frames`, and compared with the producer's records.

1. Each record that Kafka acknowledged is in Kafka.
2. The messages that arrived on a connection are a prefix of those sent on it; the rest is missing, and lies in a gap.
3. Each valid trade that arrived is in Kafka, once, in the order of its symbol. Everything else that arrived is in the dead letters, with its bytes.
   Kafka holds nothing else.
4. The trades that arrived at a killed producer and are not in Kafka are the end of each symbol's trades: those that were not acknowledged.
5. No session event claims that nothing was missed at a time of a trade that was sent and is not in Kafka.
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
"""Symbol, milliseconds, trade_id: the key of a trade in the store."""

_DELAY_MS: Final = 1_000
"""Trades of the last second before the end of a claim may still have been in flight, so it does not count; see docs/gaps.md."""
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
    """A delivery report of Kafka: the record is acknowledged."""

    topic: str
    value: str
    """The digest of the record's value."""
    begins: str


@attrs.frozen(kw_only=True)
class Gap:
    """A time in which nothing was received, by the events of the connections, ms since the epoch."""

    from_ms: int
    """The last message of the connection that was lost."""
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
    """When it would have been read at the latency of the last message before it on its connection."""


@attrs.frozen(kw_only=True)
class Account:
    """Everything that is known about the trades of a test, from the server to the topics."""

    sent: Sequence[LedgerEntry]
    heard: Sequence[Heard]
    acknowledged: Sequence[Acknowledged]
    trades: Sequence[TopicRecord]
    dead_letters: Sequence[TopicRecord]
    events: Sequence[TopicRecord]

    def unkept(self) -> list[Acknowledged]:
        """Return the records that were acknowledged and are not in Kafka: none, by law 1."""
        kept = Counter(digest(record.value) for record in (*self.trades, *self.dead_letters, *self.events))
        missing = []
        for each in self.acknowledged:
            kept[each.value] -= 1
            if kept[each.value] < 0:
                missing.append(each)
        return missing

    def missing(self) -> list[Missing]:
        """Return the messages that were sent and did not arrive. Raise AssertionError when law 2 is broken."""
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
        """Return the trades that each run should have published, in order, without redelivered frames."""
        runs: dict[int, list[Identity]] = defaultdict(list)
        numbers: Counter[tuple[int, str, int]] = Counter()
        for each, found, _ in self._judged():
            for symbol, at_ms, checksum in found:
                ordinal = numbers[each.run, symbol, at_ms]
                numbers[each.run, symbol, at_ms] += 1
                runs[each.run].append((symbol, at_ms, f"{ordinal:04d}-{checksum}"))
        return runs

    def expected_letters(self) -> Counter[bytes]:
        """Return the bytes that should have become dead letters."""
        return Counter(letter for _, _, letters in self._judged() for letter in letters)

    def _judged(self) -> Iterator[tuple[Heard, list[tuple[str, int, str]], list[bytes]]]:
        """Return for each frame that arrived its valid trades, and the bytes that should be dead letters."""
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
        """Return the trades in Kafka by symbol, in the order of their offsets. Raise AssertionError when a symbol is in two partitions."""
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
        """Return the trades that arrived and are not in Kafka, by run. Raise AssertionError when law 3 or law 4 is broken."""
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
        """Return the times between the last message of a connection and the moment at which the next one had subscribed."""
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
        """Return the messages that did not arrive and were due outside of all gaps: none, by law 2."""
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
        """Return for each symbol the spans for which events claim that no trade was missed, in order and disjoint, ms since the epoch."""
        spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for record in self.events:
            event = json.loads(record.value)
            for symbol, since_ms in event["symbols"].items():
                spans[symbol].append((since_ms, event["seen_ms"] - _DELAY_MS))
        return {symbol: _union(each) for symbol, each in spans.items()}

    def claimed(self) -> list[Identity]:
        """Return the trades that are missing at a time that is claimed: none, by law 5."""
        claims = self.claims()
        lost = [trade for trades in self.unpublished().values() for trade in trades]
        for each in self.missing():
            if is_trade_frame(each.entry.payload):
                lost += read_frame(each.entry.payload, each.due_ms)[0]
        return [trade for trade in lost if any(start <= trade[1] < end for start, end in claims.get(trade[0], ()))]

    def holes(self) -> int:
        """Count the spans between claims, for the symbol that has the most of them."""
        return max(len(spans) - 1 for spans in self.claims().values())


def _union(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
