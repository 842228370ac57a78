"""`tapeline live`: the whole pipeline in one process, without Java, servers or a token.

Feed -> intake -> broker in memory -> windowing -> stores in memory -> candles on the terminal. The feed is a simulated Finnhub behind the real
WebSocket adapter, a recording with --replay, or Finnhub itself once a token is set.
"""

import time
from contextlib import ExitStack

import click

from ports.errors import EndOfFeed

from .containers.long_running import LiveContainer
from .observability.metrics_endpoint import monitored
from .output.candle_files import CandleFile
from .output.live_table import LiveTable
from .output.terminal import View, make_view
from .runtime.commands import run
from .runtime.gc_tuning import tune_gc
from .runtime.lifecycle import started
from .runtime.logs import configure_logs
from .runtime.signals import StopRequest, stop_on_signals
from .services.embedded_pipeline import EmbeddedPipeline
from .settings.live import LiveSettings
from .settings.loader import app_command
from .web.server import served_page
from .web.source_factories import TITLES

READ_TIMEOUT_S = 0.1


def show_until_done(
    settings: LiveSettings, pipeline: EmbeddedPipeline, table: LiveTable, view: View, out: CandleFile, stop: StopRequest
) -> None:
    """Step the pipeline and show it until the feed ends, the time is up, or a stop is requested. Write final candles to `out`."""
    duration_s = float("inf") if settings.duration_s is None else settings.duration_s
    interval_s = max(settings.refresh_s, view.least_interval_s)
    next_view_s = time.monotonic()
    has_candles = False
    while not stop.requested and pipeline.elapsed_s < duration_s:
        try:
            out.write(pipeline.step(READ_TIMEOUT_S))
        except EndOfFeed:
            break
        # The first candle is shown at once: until then there is nothing to look at.
        is_first_candle = not has_candles and bool(pipeline.newest_candles)
        if is_first_candle or time.monotonic() >= next_view_s:
            has_candles = has_candles or is_first_candle
            view.show(table.snapshot())
            next_view_s = time.monotonic() + interval_s
    out.write(pipeline.finish())
    view.show(table.snapshot())


def run_live(settings: LiveSettings) -> str:
    """Run with these settings and return the summary. Raise FeedError, TapelineError and OSError for what cannot work at all."""
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
        out = stack.enter_context(CandleFile(settings.candles_out))
        for part in (
            container.publisher(),
            container.subscriber(),
            container.trade_store(),
            container.candle_store(),
            feed,
        ):
            stack.enter_context(started(part))
        page = stack.enter_context(served_page(container.page(), wanted=settings.page))
        pipeline = container.pipeline()
        table = LiveTable(pipeline, title=f"tapeline live: {TITLES[settings.feed_kind]}", page=page)
        with make_view() as view:
            show_until_done(settings, pipeline, table, view, out, stop)
        return pipeline.summary()


@app_command(LiveSettings, "live")
def live(settings: LiveSettings) -> None:
    """Show live candles on this terminal without any server: of a simulated feed, a recording, or Finnhub once a token is set."""
    configure_logs(level="warning")
    tune_gc()
    click.echo(run_live(settings))


if __name__ == "__main__":
    run(live, "tapeline live")
