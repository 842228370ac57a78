from __future__ import annotations

import pytest

from adapters.memory.watchlist import MemoryWatchlist, MemoryWatchlistEditor
from ports.watchlist import Watchlist
from ports.watchlist_editor import WatchlistEditor

from .watchlist_contract import Lists, WatchlistContract


class InMemory:
    def __init__(self) -> None:
        self._list = MemoryWatchlistEditor()

    def new_editor(self) -> WatchlistEditor:
        return self._list

    def new_instance(self, cap: int) -> Watchlist:
        return MemoryWatchlist(self._list, cap=cap)


class TestMemoryWatchlist(WatchlistContract):
    @pytest.fixture
    def lists(self) -> Lists:
        return InMemory()
