"""The ledger of what was stored: a dump of the topic against dumps of both tables, in both directions.

1. Every record of the topic is a valid trade or a dead letter, with its own bytes, its reason and its place; and no dead letter is without a record.
2. The distinct identities of valid trades on the topic are the rows of `trades_v2`, neither more nor fewer, with equal fields. Where the test
   knows how many genuine trades it sent, there are as many identities: none was lost because it shared one.
3. The candles computed here, in plain Python from the dump of the topic, are the rows of `trade_aggregates`, decimals equal. Trades that the test
   knows to be late are stored raw and are in no candle.

Nothing here uses the domain's candles or windows; that a record is valid is what `domain.record.decode` says, and tests say what they made valid.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import attrs
from confluent_kafka import Producer

from adapters.exchange_calendar.nyse import NyseCalendar
from domain.record import TopicRecord, decode, encode
from domain.rejection import Rejection
from domain.rules import Rules
from domain.trade import Trade
from tests.support.aggregators import Site
from tests.support.sale_conditions import counts_in_volume, sets_price
from tests.support.twins import CandleRow

WINDOW_MS = 60_000
RAW_COLUMNS = CandleRow._fields.index("eligible_open")
"""How many columns a candle has before those of its eligible view."""

_NYSE = NyseCalendar()

Identity = tuple[str, int, str]


@attrs.frozen(kw_only=True)
class Ledger:
    """What was found when every law held."""

    records: int
    trades: int
    late: int
    candles: int
    letters: dict[str, int]
    """Distinct dead letters by reason."""
    repeats: int
    """Dead letters that are there once more."""

    def __str__(self) -> str:
        parts = [f"{self.trades:,} trades", f"{self.candles} candles"]
        parts += [f"{self.late} late"] * bool(self.late)
        parts += [f"{sum(self.letters.values()):,} dead letters"] * bool(self.letters)
        parts += [f"{self.repeats} of them twice"] * bool(self.repeats)
        return ", ".join(parts)


def put(site: Site, trades: Iterable[Trade], *, stamped_ms: int = 0) -> None:
    """Put trades on the topic as the producer does: by symbol, in order; return when all are acknowledged.

    `stamped_ms` is the time of their records, on a topic that takes the sender's; 0 is now.
    """
    put_records(site, [(trade.symbol.encode(), encode(trade)) for trade in trades], stamped_ms=stamped_ms)


def put_records(site: Site, records: Iterable[tuple[bytes | None, bytes | None]], *, stamped_ms: int = 0) -> None:
    """Put anything at all on the topic; return when all is acknowledged."""
    producer = Producer(site.kafka.producer())
    for count, (key, value) in enumerate(records, 1):
        producer.produce(site.kafka.trades_topic, value=value, key=key, timestamp=stamped_ms)
        producer.poll(0)
        if count % 50_000 == 0:  # half of what the client's queue takes
            assert producer.flush(120) == 0
    assert producer.flush(120) == 0


def identity_of(trade: Trade) -> Identity:
    """Return the identity of a trade."""
    return (trade.symbol, trade.timestamp_ms, trade.trade_id)


def check_ledger(
    site: Site,
    *,
    genuine: int | None = None,
    late: Collection[Identity] = (),
    may_repeat_letters: bool = False,
    raw_only: bool = False,
) -> Ledger:
    """Compare the topic with both tables and the dead letters; every difference fails. `raw_only` ignores the eligible view of candles."""
    records = site.trades()
    rejected = {
        record.source: (record.value, verdict.reason.value) for record in records if (verdict := _verdict(record))
    }
    fields = [json.loads(record.value, parse_float=Decimal) for record in records if record.source not in rejected]
    sent = {(row["symbol"], row["timestamp_ms"], row["trade_id"]): row for row in fields}
    if genuine is not None:
        assert len(sent) == genuine, "genuine trades share an identity, or did not get to the topic"
    _check_trades(site, sent)
    expected = fold(row for row in fields if (row["symbol"], row["timestamp_ms"], row["trade_id"]) not in late)
    stored = site.stored_candles()
    assert {candle[:3] for candle in stored} == {candle[:3] for candle in expected}
    compared = slice(RAW_COLUMNS if raw_only else None)
    assert [candle[compared] for candle in stored] == [candle[compared] for candle in expected]
    return Ledger(
        records=len(records),
        trades=len(sent),
        late=len(late),
        candles=len(stored),
        letters=dict(Counter(reason for _, reason in rejected.values())),
        repeats=_check_letters(site, rejected, may_repeat=may_repeat_letters),
    )


def is_rejected(record: TopicRecord) -> bool:
    """Return whether a record is no valid trade."""
    return _verdict(record) is not None


def _verdict(record: TopicRecord) -> Rejection | None:
    verdict = decode(record.value, appended_ms=record.appended_ms, rules=Rules())
    return verdict if isinstance(verdict, Rejection) else None


def _check_trades(site: Site, sent: dict[Identity, dict[str, Any]]) -> None:
    stored = {identity_of(trade): trade for trade in site.stored_trades().values()}
    lost, invented = sent.keys() - stored.keys(), stored.keys() - sent.keys()
    assert (len(lost), len(invented)) == (0, 0), f"lost {sorted(lost)[:3]} invented {sorted(invented)[:3]}"
    for identity, row in sent.items():
        trade = stored[identity]
        kept = (trade.price, trade.volume, list(trade.conditions), trade.received_ms, trade.venue, trade.asset_class)
        assert kept == (
            row["price"],
            row["volume"],
            row["conditions"],
            row["received_ms"],
            row["venue"],
            row["asset_class"],
        )


def _check_letters(site: Site, rejected: dict[str, tuple[bytes, str]], *, may_repeat: bool) -> int:
    letters = site.dead_letters()
    assert {letter.source: (letter.payload, letter.rejection.reason.value) for letter in letters} == rejected
    repeats = len(letters) - len(rejected)
    assert may_repeat or repeats == 0
    return repeats


def fold(rows: Iterable[dict[str, Any]]) -> list[CandleRow]:
    """Make the candles of records, each folded as often as it is on the topic."""
    windows: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        windows[row["symbol"], row["timestamp_ms"] // WINDOW_MS * WINDOW_MS].append(row)
    return sorted(_candle(symbol, start_ms, inside) for (symbol, start_ms), inside in windows.items())


def _candle(symbol: str, start_ms: int, rows: list[dict[str, Any]]) -> CandleRow:
    rows.sort(key=lambda row: (row["timestamp_ms"], row["trade_id"], row["price"]))
    is_judged = rows[0]["asset_class"] == "stock" and rows[0]["venue"] == "US"
    # What is sent now may be sent on any day: the calendar has its own tests.
    priced = [
        row
        for row in rows
        if not is_judged or sets_price(row["conditions"], is_extended=_NYSE.session(row["timestamp_ms"]).is_extended)
    ]
    counted, averaged = (
        [row for row in part if not is_judged or counts_in_volume(row["conditions"])] for part in (rows, priced)
    )
    volume, notional, vwap = _sums(rows)
    averaged_volume, averaged_notional, eligible_vwap = _sums(averaged)
    trades = sum(1 for row in rows if row["volume"])
    values: tuple[Any, ...] = (
        symbol, WINDOW_MS, start_ms, *_prices(rows), volume, trades, len(rows) - trades, notional, vwap, *_ends(rows),
        *_prices(priced), _sums(counted)[0], sum(1 for row in counted if row["volume"]), averaged_volume, averaged_notional, eligible_vwap,
        *_ends(priced),
    )  # fmt: skip
    return CandleRow(*values)


def _prices(rows: list[dict[str, Any]]) -> tuple[Decimal | None, ...]:
    """Return open, high, low and close."""
    prices = [Decimal(row["price"]) for row in rows]
    return (prices[0], max(prices), min(prices), prices[-1]) if prices else (None,) * 4


def _sums(rows: list[dict[str, Any]]) -> tuple[Decimal, Decimal, Decimal | None]:
    """Return volume, notional and vwap."""
    amounts = [(Decimal(row["price"]), Decimal(row["volume"])) for row in rows]
    with localcontext(prec=80):
        volume = sum((size for _, size in amounts), Decimal(0))
        notional = sum((price * size for price, size in amounts), Decimal(0))
        return volume, notional, (notional / volume).quantize(Decimal("1e-8"), ROUND_HALF_UP) if volume else None


def _ends(rows: list[dict[str, Any]]) -> tuple[int | str | None, ...]:
    """Return time and id of the first trade and of the last."""
    return (
        tuple(row[name] for row in (rows[0], rows[-1]) for name in ("timestamp_ms", "trade_id"))
        if rows
        else (None,) * 4
    )


def candle_of(symbol: str, start_ms: int, window_ms: int, rows: list[dict[str, Any]]) -> CandleRow:
    """Return the candle of a window of any length from its trades, in any order."""
    return _candle(symbol, start_ms, rows)._replace(window_ms=window_ms)
