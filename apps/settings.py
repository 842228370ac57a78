"""The settings of each app: one class an app, made of groups that several share. Every default works for the dev stack on this machine.

A setting has its unit in its name (`_s` seconds, `_ms` milliseconds). Flags, variables and files name them alike: `kafka.linger_ms` is
`--kafka-linger-ms`, `TAPELINE_KAFKA_LINGER_MS`, and `linger_ms` in the table `[kafka]`.
"""

from pathlib import Path
from typing import Final, Literal

import attrs
import typed_settings as ts

from adapters.finnhub.settings import FINNHUB_URL
from domain.session_record import is_name

from .metrics_options import PRODUCER_PORT, metrics_host, metrics_port
from .options import (
    CassandraOptions,
    FinnhubOptions,
    KafkaOptions,
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
    """Read a speed: times real time, or None for `max`. Raises ValueError on anything else."""
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
    duration_s: float | None = in_seconds("duration", None, "Stop after so long  [default: run until told to stop]")
    finnhub: FinnhubOptions = ts.option(factory=FinnhubOptions)
    simulator: SimulatorOptions = ts.option(factory=SimulatorOptions)
    rules: RuleOptions = ts.option(factory=RuleOptions)

    @property
    def feed_kind(self) -> FeedKind:
        """Which feed: a recording if one is given, Finnhub with a token or an address of one's own, or else the simulator."""
        if self.replay is not None:
            return "replay"
        is_given = bool(self.finnhub.token) or self.finnhub.url != FINNHUB_URL
        return "finnhub" if is_given else "simulated"

    @property
    def times_real_time(self) -> float | None:
        """The replay's speed; None is as fast as can be."""
        return replay_speed(self.speed)

    @property
    def symbols_to_receive(self) -> tuple[str, ...]:
        """The symbols asked for, or else a few; of a recording, none means all."""
        return self.symbols or (() if self.feed_kind == "replay" else DEFAULT_SYMBOLS)


@attrs.frozen(kw_only=True)
class TableOptions(SourceOptions):
    """What the live table shows, on memory or on the real thing."""

    candles_out: Path | None = ts.option(default=None, help="Write the candles to this file, .csv or .jsonl")
    refresh_s: float = in_seconds("refresh", 0.5, "Redraw the table so often; plain lines come every 2 seconds")
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


@attrs.frozen(kw_only=True)
class LiveSettings(TableOptions):
    """`tapeline live`."""

    metrics_port: int = metrics_port(None)
    metrics_host: str = metrics_host()


@attrs.frozen(kw_only=True)
class ProducerSettings(SourceOptions):
    """`tapeline producer`."""

    feed: FeedKind = ts.option(default="finnhub", help="Where the trades come from; --replay FILE alone means replay")
    instance: str = ts.option(
        default="", help="Name of this producer in the events of its feed  [default: the host's name]"
    )
    alive_every_s: float = in_seconds(
        "alive-every",
        5.0,
        "Tell so often that the feed is alive; after a crash this much is not known to have been seen",
    )
    watchlist: bool = ts.option(
        default=False,
        help="Share the symbols of the watchlist with the other producers that do, each with a key of its own",
    )
    flush_timeout_s: float = in_seconds(
        "flush-timeout", 30.0, "How long to wait at the end for what is not acknowledged"
    )
    metrics_port: int | None = metrics_port(PRODUCER_PORT)
    metrics_host: str = metrics_host()
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)

    def __attrs_post_init__(self) -> None:
        if self.feed == "replay" and self.replay is None:
            raise ValueError("a replay needs a recording: --replay FILE")
        if self.instance and not is_name(self.instance):
            raise ValueError(
                f"--instance: up to 64 letters, digits and . _ : @ / -, beginning with one of the first two, not {self.instance!r}"
            )
        if self.watchlist and self.feed_kind == "replay":
            raise ValueError("--watchlist is for a live feed: a replay has the symbols of its recording")
        if self.watchlist and self.symbols:
            raise ValueError("--symbols and --watchlist are two ways to say what to receive: give one of them")

    @property
    def feed_kind(self) -> FeedKind:
        """Which feed: a producer is never simulated without being told so."""
        return "replay" if self.replay is not None else self.feed

    @property
    def symbols_from(self) -> Literal["settings", "watchlist"]:
        """Where the symbols come from."""
        return "watchlist" if self.watchlist else "settings"


@attrs.frozen(kw_only=True)
class StackSettings(TableOptions):
    """`tapeline stack`."""

    name: str = ts.option(default="stack", help="Name of the dev stack, which holds its data in .devstack/NAME")
    keep: bool = ts.option(default=False, help="Leave Kafka and Cassandra running at the end, to query what was stored")
    trigger_s: float = in_seconds("trigger", 1.0, "Spark begins a micro-batch so often")
    monitoring: bool = ts.option(
        default=True,
        help="Start Prometheus and Alertmanager as well, show what they tell, and go on when a program dies; not for a replay",
    )
    alert_patience: float = ts.option(
        default=1.0,
        validator=attrs.validators.gt(0),
        help="Multiply how long an alert waits before it fires; 0.1 to see one soon",
        click={"metavar": "FACTOR"},
    )


@attrs.frozen(kw_only=True)
class QuerySettings:
    """`tapeline query`."""

    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)


@attrs.frozen(kw_only=True)
class TopicsSettings:
    """`tapeline admin topics`."""

    profile: Literal["dev", "production"] = ts.option(
        default="dev", help="dev keeps 1 copy; production 3, of which 2 must be in sync"
    )
    partitions: int = ts.option(default=4, validator=attrs.validators.ge(1), help="Partitions of each topic")
    add_partitions: bool = ts.option(default=False, help="Add partitions to topics that have fewer")
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)


@attrs.frozen(kw_only=True)
class SchemaSettings:
    """`tapeline admin schema`."""

    profile: Literal["dev", "production"] = ts.option(
        default="dev", help="dev keeps 1 copy; production as many as --data-centers says"
    )
    data_centers: str = ts.option(default="", help="For production", click={"metavar": "dc1:3,dc2:3"})
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
