"""Measure a share of the watchlist: how many symbols are covered, and how many wait."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from domain.watchlist import Share
from ports.watchlist import Watchlist


class MeasuredWatchlist:
    """A `ports.watchlist.Watchlist` that measures another one. It is used by one thread; any thread may read its counts."""

    def __init__(self, watchlist: Watchlist, registry: CollectorRegistry) -> None:
        self._watchlist = watchlist
        self._share = Share()
        self._changes = 0
        registry.register(self)

    def start(self) -> None:
        """Take part."""
        self._watchlist.start()

    def poll(self, cover: Callable[[Share], None]) -> None:
        """Call `cover` with the share when it has changed."""

        def note(share: Share) -> None:
            cover(share)
            self._share = share
            self._changes += 1

        self._watchlist.poll(note)

    def close(self) -> None:
        """Release this instance's symbols to the others."""
        self._share = Share()
        self._watchlist.close()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for a scrape."""
        symbols = GaugeMetricFamily("tapeline_watchlist_symbols", "Symbols of this instance's share", labels=["state"])
        symbols.add_metric(["covered"], len(self._share.symbols))
        symbols.add_metric(["waiting"], len(self._share.waiting))
        yield symbols
        yield CounterMetricFamily("tapeline_watchlist_changes", "Changes of the share", self._changes)
