"""The settings of each app: one class an app, made of groups that several share. Every default works for the dev stack on this machine.

A setting has its unit in its name (`_s` seconds, `_ms` milliseconds). Flags, variables and files name them alike: `kafka.linger_ms` is
`--kafka-linger-ms`, `TAPELINE_KAFKA_LINGER_MS`, and `linger_ms` in the table `[kafka]`.
"""

from pathlib import Path
from typing import Final, Literal

import attrs
import typed_settings as ts

from adapters.finnhub.settings import FINNHUB_URL

from .options import (
    FinnhubOptions,
    RuleOptions,
    SimulatorOptions,
    comma_list,
    in_seconds,
)
from .web_options import WebOptions

FeedKind = Literal["finnhub", "simulated", "replay"]

DEFAULT_SYMBOLS: Final = (
    "AAPL", "MSFT", "NVDA", "BINANCE:BTCUSDT", "BINANCE:ETHUSDT", "BINANCE:XRPETH", "OANDA:EUR_USD", "OANDA:GBP_USD",
)  # fmt: skip


def _speed(_instance: object, _attribute: object, value: str) -> None:
    replay_speed(value)


def replay_speed(text: str) -> float | None:
    """Return a speed as a multiple of real time; None for `max`. Raise ValueError on any other text."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise ValueError(f"a speed is a positive number such as 1 or 60, or max, not {text!r}")
    return speed


@attrs.frozen(kw_only=True)
class SourceOptions:
    """What to receive, shared by the apps that run a feed."""

    symbols: tuple[str, ...] = comma_list((), "Symbols to receive  [default: a few of each kind; of a replay, all]")
    replay: Path | None = ts.option(
        default=None, help="Replay recorded frames from this file (.jsonl or .jsonl.gz) instead of a live feed"
    )
    speed: str = ts.option(
        default="1", validator=_speed, help="Speed of a replay, times real time; or max", click={"metavar": "N|max"}
    )
    duration_s: float | None = in_seconds("duration", None, "Stop after this time  [default: run until stopped]")
    finnhub: FinnhubOptions = ts.option(factory=FinnhubOptions)
    simulator: SimulatorOptions = ts.option(factory=SimulatorOptions)
    rules: RuleOptions = ts.option(factory=RuleOptions)

    @property
    def feed_kind(self) -> FeedKind:
        """Which feed: a recording if one is set, Finnhub with a token or another address, or else the simulator."""
        if self.replay is not None:
            return "replay"
        is_given = bool(self.finnhub.key) or self.finnhub.url != FINNHUB_URL
        return "finnhub" if is_given else "simulated"

    @property
    def times_real_time(self) -> float | None:
        """The replay's speed as a multiple of real time; None is as fast as possible."""
        return replay_speed(self.speed)

    @property
    def symbols_to_receive(self) -> tuple[str, ...]:
        """The symbols to receive: those of the settings, or a few by default; empty for a recording means all."""
        return self.symbols or (() if self.feed_kind == "replay" else DEFAULT_SYMBOLS)


@attrs.frozen(kw_only=True)
class TableOptions(SourceOptions):
    """What the live table shows, on memory or on the real thing."""

    candles_out: Path | None = ts.option(default=None, help="Write the candles to this file, .csv or .jsonl")
    refresh_s: float = in_seconds(
        "refresh", 0.5, "Interval between two drawings of the table; plain lines come every 2 seconds"
    )
    window_s: int = in_seconds("window", 60, "Length of a candle")
    allowed_lateness_s: int = in_seconds(
        "allowed-lateness", 60, "How late a trade may come and still be folded in", zero=True
    )
    page: bool = ts.option(default=True, help="Serve the live page, whose address is shown below the table")
    web: WebOptions = ts.option(factory=WebOptions)

    @property
    def window_ms(self) -> int:
        """Length of a candle in milliseconds."""
        return self.window_s * 1000

    @property
    def allowed_lateness_ms(self) -> int:
        """The allowed lateness in milliseconds."""
        return self.allowed_lateness_s * 1000
