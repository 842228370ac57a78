"""What every watchlist promises to those who share it, whatever is behind it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Protocol

import pytest

from domain.watchlist import Share
from ports.errors import BrokerError
from ports.watchlist import Watchlist
from ports.watchlist_editor import WatchlistEditor
from tests.support.timeouts import TIMEOUT_S

SYMBOLS = [f"BINANCE:S{number:02}USDT" for number in range(30)]


class Lists(Protocol):
    """One list: makes an editor of it, and instances that share it; none of them started."""

    def new_editor(self) -> WatchlistEditor: ...

    def new_instance(self, cap: int) -> Watchlist: ...


class Instance:
    """One that takes part, and what it covers."""

    def __init__(self, watchlist: Watchlist, others: list[Instance]) -> None:
        self.watchlist = watchlist
        self.share: Share | None = None
        self.may_share: set[str] = set()
        """Symbols that may for a moment be at two."""
        self._others = others

    @property
    def covered(self) -> set[str]:
        return set() if self.share is None else set(self.share.symbols)

    def cover(self, share: Share) -> None:
        """Cover a share as a feed would. No other instance may still have one of its symbols."""
        self.share = share
        for other in self._others:
            assert other is self or not self.covered & other.covered - self.may_share

    def leave(self) -> None:
        self.share = None
        self.watchlist.close()


class Group:
    """Instances that are polled in turn, as their programs do."""

    def __init__(self, lists: Lists, stack: ExitStack) -> None:
        self._lists = lists
        self._stack = stack
        self.instances: list[Instance] = []
        self.editor = lists.new_editor()
        self.editor.start()
        stack.callback(self.editor.close)

    def join(self, cap: int = 50) -> Instance:
        return self.take(self._lists.new_instance(cap))

    def take(self, watchlist: Watchlist) -> Instance:
        watchlist.start()
        self._stack.callback(watchlist.close)
        instance = Instance(watchlist, self.instances)
        self.instances.append(instance)
        return instance

    def leave(self, instance: Instance) -> None:
        self.instances.remove(instance)
        instance.leave()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, [instance.share for instance in self.instances]
            for instance in self.instances:
                instance.watchlist.poll(instance.cover)
            time.sleep(0.005)

    def until_covered(self, symbols: Sequence[str], *, by_each: int = 0) -> None:
        """Poll until exactly these are covered, and each instance has so many at least."""
        self.until(
            lambda: (
                Counter(symbol for instance in self.instances for symbol in instance.covered) == Counter(symbols)
                and all(len(instance.covered) >= by_each for instance in self.instances)
            )
        )


class WatchlistContract:
    """A subclass needs the fixture `lists`."""

    @pytest.fixture
    def group(self, lists: Lists) -> Iterator[Group]:
        with ExitStack() as stack:
            yield Group(lists, stack)

    def test_the_list_holds_what_was_added_and_not_removed_in_the_order_of_adding(self, group: Group) -> None:
        editor = group.editor
        assert list(editor.add(["MSFT"])) == ["MSFT"]
        time.sleep(0.002)  # the order is by the millisecond
        assert list(editor.add(["AAPL", "MSFT", "IC MARKETS:1", "AAPL"])) == ["AAPL", "IC MARKETS:1"]
        assert [entry.symbol for entry in editor.entries()] == ["MSFT", "AAPL", "IC MARKETS:1"]
        assert list(editor.remove(["AAPL", "NVDA"])) == ["AAPL"]
        assert list(editor.remove(["AAPL"])) == []
        assert [entry.symbol for entry in editor.entries()] == ["MSFT", "IC MARKETS:1"]

    def test_a_text_that_is_not_a_symbol_is_refused_and_nothing_is_added(self, group: Group) -> None:
        for wrong in ("", " AAPL", "A" * 65, 'A"B', "ÄPL", "A\nB"):
            with pytest.raises(ValueError, match="not a symbol"):
                group.editor.add(["AAPL", wrong])
        assert list(group.editor.entries()) == []

    def test_symbols_are_spread_evenly_over_the_parts(self, group: Group) -> None:
        group.editor.add(SYMBOLS[:13])
        group.editor.add(SYMBOLS[13:])
        counts = Counter(entry.part for entry in group.editor.entries())
        assert max(counts.values()) - min(counts.values()) <= 1
        assert len(counts) == 12

    def test_a_single_instance_covers_everything_and_follows_the_list(self, group: Group) -> None:
        group.editor.add(SYMBOLS[:3])
        alone = group.join()
        group.until_covered(SYMBOLS[:3])
        group.editor.add(SYMBOLS[3:5])
        group.until_covered(SYMBOLS[:5])
        group.editor.remove(SYMBOLS[1:4])
        group.until_covered([SYMBOLS[0], SYMBOLS[4]])
        assert alone.share is not None
        assert alone.share.symbols == (SYMBOLS[0], SYMBOLS[4])

    def test_an_empty_share_is_reported_as_well(self, group: Group) -> None:
        alone = group.join()
        group.until(lambda: alone.share is not None)
        assert alone.share == Share()

    def test_each_symbol_is_one_instances_while_others_come_and_go(self, group: Group) -> None:
        group.editor.add(SYMBOLS)
        first = group.join()
        group.until_covered(SYMBOLS)
        group.join()
        group.until_covered(SYMBOLS, by_each=12)
        group.join()
        group.until_covered(SYMBOLS, by_each=8)
        group.leave(first)
        group.until_covered(SYMBOLS, by_each=12)

    def test_what_a_key_cannot_carry_waits_and_is_taken_when_there_is_room(self, group: Group) -> None:
        group.editor.add(SYMBOLS[:6])
        full = group.join(cap=4)
        group.until(lambda: full.share == Share(symbols=tuple(SYMBOLS[:4]), waiting=tuple(SYMBOLS[4:6])))
        group.editor.remove([SYMBOLS[1]])
        group.until(lambda: full.share == Share(symbols=(SYMBOLS[0], *SYMBOLS[2:5]), waiting=(SYMBOLS[5],)))

    def test_it_is_polled_only_while_open_and_closing_twice_is_fine(self, lists: Lists) -> None:
        watchlist = lists.new_instance(50)
        with pytest.raises(BrokerError):
            watchlist.poll(lambda _: None)
        watchlist.start()
        watchlist.close()
        watchlist.close()
        with pytest.raises(BrokerError):
            watchlist.poll(lambda _: None)

    def test_closing_what_was_never_started_is_fine(self, lists: Lists) -> None:
        lists.new_instance(50).close()
        lists.new_editor().close()
