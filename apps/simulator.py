"""`tapeline simulator`: serve a simulated Finnhub until it is stopped.

The exit code is 2 if the settings are wrong or the port is in use.
"""

import time

import click

from adapters.simulator.settings import SimulatorSettings
from domain.errors import TapelineError

from .containers.long_running import SimulatorContainer
from .runtime.commands import run
from .runtime.signals import StopRequest, stop_on_signals
from .settings.loader import app_command
from .settings.simulator import SimulatorServerSettings

POLL_S = 0.1


def serve_until_stopped(settings: SimulatorSettings, stop: StopRequest) -> None:
    """Run the server until a stop is requested. Raise SimulatorError if it cannot start."""
    with SimulatorContainer(settings=settings).server() as server:
        keys, key = ("the keys of --keys", "KEY") if server.settings.keys else ("any key", "any")
        click.echo(f"Simulated Finnhub at {server.url}, which accepts {keys}. Connect a producer with")
        click.echo(f"  TAPELINE_FINNHUB_URL={server.url} TAPELINE_FINNHUB_TOKEN={key} tapeline producer")
        click.echo("Ctrl-C stops it.")
        while not stop.requested:
            time.sleep(POLL_S)
    click.echo(f"Stopped after {server.handshakes} handshakes and {server.ledger.frames} frames.")


@app_command(SimulatorServerSettings, "simulator")
@click.pass_context
def simulator(context: click.Context, settings: SimulatorServerSettings) -> None:
    """Serve a simulated Finnhub, with all of its quirks on demand."""
    try:
        with stop_on_signals() as stop:
            serve_until_stopped(settings.adapter(), stop)
    except (TapelineError, ValueError) as error:
        click.echo(f"simulator: {error}", err=True)
        context.exit(2)


if __name__ == "__main__":
    run(simulator, "tapeline simulator")
