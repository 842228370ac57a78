"""`tapeline live`: the whole pipeline in one process, with no Java, server or token.

Feed -> intake -> broker in memory -> windowing -> stores in memory -> candles on the terminal. The feed is a simulated Finnhub behind the real
WebSocket adapter, a recording with --replay, or Finnhub itself once a token is set.
"""

import time
from contextlib import ExitStack

import click

from domain.candle import Candle
from ports.errors import EndOfFeed

from .containers import LiveContainer
from .observability.metrics_endpoint import monitored
from .output.candle_files import CandleFile
from .output.terminal import Snapshot, View, make_view
from .runtime.commands import run
from .runtime.gc_tuning import tune_gc
from .runtime.logs import configure_logs
from .runtime.signals import StopRequest, stop_on_signals
from .services.stats import Quantiles, RateMeter
from .settings.live import LiveSettings
from .settings.loader import app_command
from .web.server import served_page
from .web.source_factories import TITLES

FRAMES_A_BATCH = 64
BATCH_WAIT_S = 0.05
READ_TIMEOUT_S = 0.1


class LiveRun:
    """One run of the embedded pipeline: steps until the feed ends, the time is up, or somebody asks to stop."""

    def __init__(
        self, settings: LiveSettings, container: LiveContainer, view: View, out: CandleFile | None, page: str
    ) -> None:
        self._settings = settings
        self._ingest = container.ingest()
        self._aggregator = container.aggregator()
        self._view = view
        self._out = out
        self._page = page
        self._newest: dict[str, Candle] = {}
        self._shows_candles = False
        self._rate = RateMeter()
        self._latency = Quantiles()
        self._begun_s = time.monotonic()

    def go(self, stop: StopRequest) -> None:
        """Run to the end."""
        next_batch_s = next_view_s = self._begun_s
        waiting_frames = 0
        while not stop.requested and not self._time_is_up():
            try:
                came = self._ingest.step(READ_TIMEOUT_S)
            except EndOfFeed:
                break
            waiting_frames += 1
            now_s = time.monotonic()
            if not came or waiting_frames >= FRAMES_A_BATCH or now_s >= next_batch_s:
                self._fold()
                waiting_frames, next_batch_s = 0, now_s + BATCH_WAIT_S
            # The first candle is shown at once: until then there is nothing to look at.
            if now_s >= next_view_s or (self._newest and not self._shows_candles):
                self._show()
                next_view_s = now_s + max(self._settings.refresh_s, self._view.least_interval_s)
        self._ingest.finish(0)
        while self._fold():
            pass
        self._keep(self._aggregator.finish())
        self._show()

    def summary(self) -> str:
        """Say in one line what happened."""
        taken = self._ingest.counts
        seconds = time.monotonic() - self._begun_s
        rejected = taken.rejected + self._aggregator.counts.rejected
        reasons = (
            f" ({', '.join(f'{reason} {count}' for reason, count in sorted(rejected.items()))})" if rejected else ""
        )
        return (
            f"{taken.trades} trades ({taken.price_updates} of them price updates) in {taken.frames} frames, "
            f"{self._aggregator.counts.final_candles} candles, {rejected.total()} rejected{reasons}, "
            f"{self._aggregator.late_trades} late, {taken.redelivered} redelivered, in {seconds:.1f} s"
        )

    def _fold(self) -> bool:
        changed, final = self._aggregator.step(0)
        for candle in changed:
            known = self._newest.get(candle.symbol)
            if known is None or candle.window_start_ms >= known.window_start_ms:
                self._newest[candle.symbol] = candle
        self._keep(final)
        if changed and self._ingest.counts.latency_ms is not None:
            self._latency.add(self._ingest.counts.latency_ms)
        return bool(changed)

    def _keep(self, final: list[Candle]) -> None:
        if self._out is not None:
            self._out.write(final)

    def _time_is_up(self) -> bool:
        duration_s = self._settings.duration_s
        return duration_s is not None and time.monotonic() - self._begun_s >= duration_s

    def _show(self) -> None:
        taken = self._ingest.counts
        rate = self._rate.rate(time.monotonic(), taken.trades)
        p50, p95 = self._latency.at(0.5), self._latency.at(0.95)
        facts = {
            "trades": str(taken.trades),
            "trades/s": f"{rate:.0f}",
            "latency p50/p95": "-" if p50 is None or p95 is None else f"{p50:.0f}/{p95:.0f} ms",
            "rejected": str(taken.rejected.total() + self._aggregator.counts.rejected.total()),
            "late": str(self._aggregator.late_trades),
            "redelivered": str(taken.redelivered),
        }
        event = self._ingest.last_event
        if event is not None:
            facts["feed"] = f"{event.kind} {event.detail}".strip()
        if self._page:
            facts["page"] = self._page
        candles = [self._newest[symbol] for symbol in sorted(self._newest)]
        self._shows_candles = bool(candles)
        title = f"tapeline live: {TITLES[self._settings.feed_kind]}"
        self._view.show(Snapshot(title=title, candles=candles, facts=facts))


def run_live(settings: LiveSettings) -> str:
    """Run with these settings; gives the summary. Raises FeedError and OSError for what cannot work at all."""
    container = LiveContainer(settings=settings)
    feed = container.feed()
    feed.subscribe(settings.symbols_to_receive)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        stack.enter_context(
            monitored(
                container.registry(),
                container.health(),
                host=settings.metrics_host,
                port=settings.metrics_port,
                usual_port=0,
                security=settings.metrics.security(),
            )
        )
        out = None if settings.candles_out is None else stack.enter_context(CandleFile(settings.candles_out))
        for part in (container.publisher(), container.subscriber(), container.trade_store(), container.candle_store()):
            stack.callback(part.close)
            part.start()
        stack.callback(feed.close)
        feed.start()
        page = stack.enter_context(served_page(container.page(), wanted=settings.page))
        with make_view() as view:
            live_run = LiveRun(settings, container, view, out, page)
            live_run.go(stop)
        return live_run.summary()


@app_command(LiveSettings, "live")
def live(settings: LiveSettings) -> None:
    """Show live candles on this terminal, with no server at all: simulated, recorded, or Finnhub's own once a token is set."""
    configure_logs(level="warning")
    tune_gc()
    click.echo(run_live(settings))


if __name__ == "__main__":
    run(live, "tapeline live")
