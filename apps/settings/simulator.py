"""The settings of `tapeline simulator`."""

from pathlib import Path
from typing import Final

import attrs
import typed_settings as ts

from adapters.simulator.quirks import Quirks
from adapters.simulator.settings import SimulatorSettings

from .options import comma_list
from .source import replay_speed

_QUIRKS: Final = Quirks()
_DEFAULTS: Final = SimulatorSettings()


def _rate(text: str) -> float:
    return ts.option(default=0.0, help=f"Share of {text} [0 to 1]")


def _mean(text: str) -> float:
    return ts.option(default=0.0, help=f"{text} [mean seconds; 0 for never]")


@attrs.frozen(kw_only=True)
class QuirkOptions:
    """Faults on purpose; the names are those of `Quirks`."""

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
class SimulatorServerSettings:
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
        """Return the settings of the adapter. Raise ValueError on a value out of its range."""
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
