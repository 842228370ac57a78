"""What the domain makes of the records of a site: trades, dead letters and candles, to compare with what the aggregator left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from adapters.exchange_calendar.markets import NYSE
from domain.candle import Candle
from domain.eligibility import eligibility_rules
from domain.record import TopicRecord, decode
from domain.rejection import Rejection
from domain.rules import Rules
from domain.session import SessionEvent
from domain.session_record import decode_event
from domain.trade import Trade
from domain.window import MINUTE_MS, partition_day
from domain.windower import Windower

from .aggregators import Site, TradeKey, batch_ends
from .twins import CandleRow


def verdict(record: TopicRecord) -> Trade | Rejection:
    """Decode a record of trades as the domain does."""
    return decode(record.value, appended_ms=record.appended_ms, rules=Rules())


def event_verdict(record: TopicRecord) -> SessionEvent | Rejection:
    """Decode a record of events as the domain does."""
    return decode_event(record.value, appended_ms=record.appended_ms, rules=Rules())


def assert_trades_are_the_domains(site: Site) -> None:
    """Compare the stored trades with the valid records of the topic."""
    candidates: dict[TradeKey, list[Trade]] = defaultdict(list)
    for trade in map(verdict, site.trades()):
        if isinstance(trade, Trade):
            day = partition_day(trade.timestamp_ms)
            key = (trade.symbol, day.year, day.month, day.day, trade.timestamp_ms, trade.trade_id)
            candidates[key].append(trade)
    stored = site.stored_trades()
    assert stored.keys() == candidates.keys()
    # Where two records break the rule of unique ids, one of them stays.
    assert [trade for key, trade in stored.items() if trade not in candidates[key]] == []


def assert_dead_letters_are_the_domains(site: Site, *, repeated: bool = False) -> None:
    """Compare the dead letters with the rejected records of trades and events; `repeated` letters are what a kill may leave."""
    expected = {
        record.source: (record.value, judged.reason)
        for record in site.trades()
        if isinstance(judged := verdict(record), Rejection)
    }
    expected |= {
        record.source: (record.value, rejection.reason)
        for record in site.events()
        if isinstance(rejection := event_verdict(record), Rejection)
    }
    letters = site.dead_letters()
    assert {letter.source: (letter.payload, letter.rejection.reason) for letter in letters} == expected
    assert repeated or len(letters) == len(expected)


def expected_candles(site: Site) -> tuple[list[CandleRow], int]:
    """Fold by the domain's windower, micro-batch by micro-batch; return the candles and the number of late trades."""
    records = site.trades()
    rules = eligibility_rules(NYSE.session)
    windower = Windower(window_ms=MINUTE_MS, allowed_lateness_ms=MINUTE_MS, eligibility_of=rules)
    latest: dict[tuple[str, int, int], Candle] = {}
    starts: Mapping[str, int] = {}
    for ends in batch_ends(site.queries[1], site.kafka.trades_topic):
        for record in records:
            partition = str(record.partition)
            if starts.get(partition, 0) <= record.offset < ends.get(partition, 0):
                trade = verdict(record)
                if isinstance(trade, Trade):
                    windower.add(trade)
        latest |= {candle.window_key: candle for candle in windower.take_changed()}
        windower.advance()
        starts = ends
    return sorted(map(CandleRow.of, latest.values())), windower.late_trades
