"""`tapeline simulator`: serve a simulated Finnhub until told to stop.

Exit code 2, and a word about why, when the settings are wrong or the port is taken.
"""

import time
from pathlib import Path

import attrs
import click
import typed_settings as ts

from adapters.simulator.quirks import Quirks
from adapters.simulator.server import SimulatedFinnhub, SimulatorError
from adapters.simulator.settings import SimulatorSettings

from .runtime.commands import run
from .runtime.signals import StopRequest, stop_on_signals
from .settings.loader import app_command
from .settings.options import comma_list
from .settings.source import replay_speed

POLL_S = 0.1

_QUIRKS = Quirks()
_DEFAULTS = SimulatorSettings()


def _rate(text: str) -> float:
    return ts.option(default=0.0, help=f"Share of {text} [0 to 1]")


def _mean(text: str) -> float:
    return ts.option(default=0.0, help=f"{text} [mean seconds; 0 for never]")


@attrs.frozen(kw_only=True)
class QuirkOptions:
    """What goes wrong on purpose; the names are those of `Quirks`."""

    ping_interval_s: float = ts.option(default=_QUIRKS.ping_interval_s, help="Time between pings; 0 for none")
    symbol_cap: int = ts.option(default=_QUIRKS.symbol_cap, help="Symbols a key may have; 0 for no cap")
    one_connection_per_key: bool = ts.option(default=True, help="A second connection on a key closes both")
    redelivery_rate: float = _rate("frames delivered twice or three times")
    backwards_rate: float = _rate("trades stamped before the one before them")
    twin_rate: float = _rate("trades followed by an identical one")
    odd_conditions_rate: float = _rate("trades whose c is missing, null or []")
    invalid_rate: float = _rate("trades that break a rule")
    garbage_rate: float = _rate("frames preceded by garbage")
    other_type_rate: float = _rate("frames preceded by news and the like")
    mean_s_between_drops: float = _mean("How long a connection lasts")
    mean_s_between_silences: float = _mean("Time between silences")
    silence_s: float = ts.option(default=_QUIRKS.silence_s, help="Length of a silence")
    handshake_delay_s: float = ts.option(default=0.0, help="Wait before each handshake's answer")
    hanging_handshake_rate: float = _rate("handshakes that are never answered")
    refused_handshake_rate: float = _rate("handshakes answered with HTTP 429")
    min_s_between_handshakes: float = ts.option(default=0.0, help="A key that comes back faster gets HTTP 429")


@attrs.frozen(kw_only=True)
class ServerSettings:
    """`tapeline simulator`."""

    host: str = ts.option(default=_DEFAULTS.host, help="Address to listen on")
    port: int = ts.option(default=8765, help="Port to listen on; 0 for any free one")
    seed: int = ts.option(default=_DEFAULTS.seed, help="The same seed gives the same walk of prices")
    symbols: tuple[str, ...] = comma_list((), "The only symbols there are  [default: whatever is asked for]")
    keys: tuple[str, ...] = comma_list((), "The only API keys that are accepted  [default: every key]")
    rate: float = ts.option(
        default=_DEFAULTS.rate, help="Trades a second on each connection; 0 for as many as it takes"
    )
    trades_per_frame: int = ts.option(default=_DEFAULTS.trades_per_frame, help="Trades in each frame")
    burst_factor: float = ts.option(default=_DEFAULTS.burst_factor, help="How many times the rate during a burst")
    burst_every_s: float = ts.option(default=_DEFAULTS.burst_every_s, help="From burst to burst; 0 for none")
    burst_s: float = ts.option(default=_DEFAULTS.burst_s, help="Length of a burst")
    replay: Path | None = ts.option(default=None, help="Send the frames of this file (.jsonl or .jsonl.gz) instead")
    speed: str = ts.option(default="1", help="Speed of a replay, times real time; or max", click={"metavar": "N|max"})
    retime: bool = ts.option(default=False, help="Shift a replay's times so that it begins now")
    ledger: Path | None = ts.option(default=None, help="Write every frame sent to this file, one JSON object a line")
    quirks: QuirkOptions = QuirkOptions()

    def adapter(self) -> SimulatorSettings:
        """Give them as the adapter wants them. Raises ValueError on a value out of its range."""
        return SimulatorSettings(
            host=self.host,
            port=self.port,
            seed=self.seed,
            symbols=self.symbols,
            keys=self.keys,
            rate=self.rate,
            trades_per_frame=self.trades_per_frame,
            burst_factor=self.burst_factor,
            burst_every_s=self.burst_every_s,
            burst_s=self.burst_s,
            recording=self.replay,
            speed=replay_speed(self.speed),
            retime=self.retime,
            ledger_path=self.ledger,
            ledger_limit=0,
            quirks=Quirks(**attrs.asdict(self.quirks)),
        )


def serve_until_stopped(settings: SimulatorSettings, stop: StopRequest) -> None:
    """Run the server until somebody asks to stop. Raises SimulatorError when it cannot start."""
    with SimulatedFinnhub(settings) as server:
        click.echo(f"Simulated Finnhub at {server.url}, any token. Point a producer at it with")
        click.echo(f"  TAPELINE_FINNHUB_URL={server.url} TAPELINE_FINNHUB_TOKEN=any tapeline producer")
        click.echo("Ctrl-C stops it.")
        while not stop.requested:
            time.sleep(POLL_S)
    click.echo(f"Stopped after {server.handshakes} handshakes and {server.ledger.frames} frames.")


@app_command(ServerSettings, "simulator")
@click.pass_context
def simulator(context: click.Context, settings: ServerSettings) -> None:
    """Serve a simulated Finnhub with all its quirks on demand."""
    try:
        with stop_on_signals() as stop:
            serve_until_stopped(settings.adapter(), stop)
    except (SimulatorError, ValueError) as error:
        click.echo(f"simulator: {error}", err=True)
        context.exit(2)


if __name__ == "__main__":
    run(simulator, "tapeline simulator")
