"""The account of the sent side: what was sent, received, acknowledged and kept, and the laws between them.

The trades and their ids are worked out here anew, from the bytes that were sent and in plain Python: what the producer made of them is compared
with that, not with itself.

1. Each record that Kafka acknowledged is in Kafka.
2. What arrived on a connection is the beginning of what was sent on it.
3. What arrived is in Kafka, once, each symbol in its order; what could not be understood is in the dead letters, with its bytes.
4. Nothing else is in Kafka.
"""

import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

import attrs

from adapters.simulator.ledger import LedgerEntry
from domain.record import TopicRecord

from .producing import digest

_WAIT: Final = re.compile(r"next attempt in ([0-9.]+) s")

Identity = tuple[str, int, str]
"""Symbol, milliseconds, trade_id: what makes a trade in the store."""


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
    to_ms: int
    chosen_ms: int
    """How much of it the backoff took."""

    @property
    def length_ms(self) -> int:
        """How long it was."""
        return self.to_ms - self.from_ms


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

    def unseen(self) -> list[LedgerEntry]:
        """Give what was sent and did not arrive. Raises AssertionError where what arrived is not the beginning of what was sent on a connection."""
        sent: dict[int, list[LedgerEntry]] = defaultdict(list)
        for entry in self.sent:
            sent[entry.connection].append(entry)
        at = {digest(entry.payload): entry.connection for entry in self.sent}
        heard: dict[tuple[int, int], list[str]] = defaultdict(list)
        for each in self.heard:
            if each.frame:
                heard[each.run, each.connection].append(each.frame)
        unseen = dict(sent)
        for frames in heard.values():
            number = at[frames[0]]
            entries = sent[number]
            assert frames == [digest(entry.payload) for entry in entries[: len(frames)]], "not the beginning"
            assert unseen[number] is entries, "a connection that was heard twice"
            unseen[number] = entries[len(frames) :]
        return [entry for entries in unseen.values() for entry in entries]

    def expected(self) -> dict[int, list[Identity]]:
        """Give the trades that each run should have published, in order; frames that came again are left out."""
        payloads = {digest(entry.payload): entry.payload for entry in self.sent if entry.kind == "trade"}
        runs: dict[int, list[Identity]] = defaultdict(list)
        met: set[tuple[int, str]] = set()
        numbers: Counter[tuple[int, str, int]] = Counter()
        for each in self.heard:
            if each.frame in payloads and (each.run, each.frame) not in met:
                met.add((each.run, each.frame))
                for symbol, at_ms, checksum in _trades(payloads[each.frame]):
                    ordinal = numbers[each.run, symbol, at_ms]
                    numbers[each.run, symbol, at_ms] += 1
                    runs[each.run].append((symbol, at_ms, f"{ordinal:04d}-{checksum}"))
        return runs

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
        """Give what arrived and is not in Kafka, by run.

        Raises AssertionError where Kafka has a trade twice, in another order than it was received, or one that was never received.
        """
        kept = {symbol: iter([*trades, None]) for symbol, trades in self.kept().items()}
        ahead = {symbol: next(trades) for symbol, trades in kept.items()}
        missing: dict[int, list[Identity]] = defaultdict(list)
        for run, trades in self.expected().items():
            for trade in trades:
                symbol = trade[0]
                if ahead.get(symbol) == trade:
                    ahead[symbol] = next(kept[symbol])
                else:
                    missing[run].append(trade)
        left = [trade for trade in ahead.values() if trade is not None]
        assert not left, f"in Kafka twice, out of order or out of nowhere: {left[:5]}"
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
            last_ms, run = each.at_ms, each.run

    def in_no_gap(self, entries: Iterable[LedgerEntry], slack_ms: int = 50) -> list[LedgerEntry]:
        """Give those of the entries that were sent in no gap. What is received together was sent up to a moment before."""
        gaps = list(self.gaps())
        return [
            entry for entry in entries if not any(gap.from_ms - slack_ms <= entry.sent_ms <= gap.to_ms for gap in gaps)
        ]


def _trades(payload: bytes) -> Iterator[tuple[str, int, str]]:
    """Give symbol, milliseconds and checksum of each trade of a good frame."""
    for trade in json.loads(payload, parse_float=Decimal, parse_int=Decimal)["data"]:
        text = f"{_plain(trade['p'])}|{_plain(trade['v'])}|{','.join(trade.get('c') or ())}"
        yield trade["s"], int(trade["t"]), f"{zlib.crc32(text.encode()):08x}"


def _plain(number: Decimal) -> str:
    """Write a number in digits without needless zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
