"""`tapeline dashboard`: the live page and the read API, from what is stored in Cassandra.

It only reads: it runs beside the pipeline or alone, in any number of instances. `tapeline live` and `tapeline stack` serve the same page themselves.
"""

from contextlib import ExitStack
from typing import Final

import click

from domain.window import MINUTE_MS, partition_day

from .containers.long_running import DashboardContainer
from .runtime.commands import run
from .runtime.lifecycle import started
from .runtime.logs import configure_logs
from .runtime.signals import stop_on_signals
from .runtime.systemd import systemd_watchdog
from .settings.dashboard import DashboardSettings
from .settings.loader import app_command

POLL_S: Final = 0.2
_ANY_SYMBOL: Final = "AAPL"


def _read_each(container: DashboardContainer) -> None:
    """Read one moment of each table. Raise StoreError: without a right on one, each poll would fail, and only the page would show that."""
    stores, now_ms = container.stores, container.stores.clock()()
    today = partition_day(now_ms)
    for rows in (
        stores.trade_store().read(_ANY_SYMBOL, now_ms, now_ms + 1),
        stores.candle_store().read(_ANY_SYMBOL, now_ms, now_ms + 1, MINUTE_MS),
        stores.candle_store().read_as_of(_ANY_SYMBOL, now_ms, now_ms + 1, MINUTE_MS, as_of_ms=now_ms),
        stores.event_store().read(_ANY_SYMBOL, now_ms, now_ms + 1),
        stores.daily_candle_store().read(_ANY_SYMBOL, today, today),
        stores.report_store().read(today),
    ):
        next(iter(rows), None)


@app_command(DashboardSettings, "dashboard")
def dashboard(settings: DashboardSettings) -> None:
    """Serve a page of live candles and the pipeline's health, and a read API, from what is stored in Cassandra."""
    configure_logs(level="warning")
    container = DashboardContainer(settings=settings)
    with ExitStack() as stack:
        stop = stack.enter_context(stop_on_signals())
        page = container.page()
        stack.enter_context(systemd_watchdog(page.stalled))
        stores = container.stores
        of_days = (stores.daily_candle_store(), stores.report_store())
        for store in (stores.trade_store(), stores.candle_store(), stores.event_store(), *of_days):
            stack.enter_context(started(store))
        _read_each(container)
        stack.enter_context(page)
        click.echo(f"the page is at {page.url}")
        while not stop.requested:
            if page.wait(POLL_S):
                raise click.ClickException("the page's server has ended; the log says why")


if __name__ == "__main__":
    run(dashboard, "tapeline dashboard")
