"""The settings of `tapeline producer`."""

import re
import socket
import uuid
from typing import Literal

import attrs
import typed_settings as ts

from adapters.finnhub.key_name import name_of_key
from domain.session_record import is_name

from .endpoint_options import MetricsOptions
from .metrics_options import PRODUCER_PORT, metrics_host, metrics_port
from .options import KafkaOptions, in_seconds
from .production import PROFILE_HELP, Profile, check_profile
from .source import FeedKind, SourceOptions


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
        "Interval between two heartbeat events; after a crash, the time since the last one counts as not received",
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
    metrics: MetricsOptions = ts.option(factory=MetricsOptions)
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, kafka=self.kafka)
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
        """Which feed. A producer uses the simulator only if it is asked to."""
        return "replay" if self.replay is not None else self.feed

    @property
    def symbols_from(self) -> Literal["settings", "watchlist"]:
        """Where the symbols come from."""
        return "watchlist" if self.watchlist else "settings"

    @property
    def instance_name(self) -> str:
        """The name in the events of the feed: the setting, or the host's name with other characters replaced."""
        host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname()).lstrip("-.")[:64]
        return self.instance or host or "producer"

    @property
    def alive_every_ms(self) -> int:
        """Milliseconds between two heartbeat events."""
        return round(self.alive_every_s * 1000)

    def key_name(self, purpose: str) -> str | None:
        """Return a name for the API key that does not reveal it; None for a feed without one, where a second connection does no harm."""
        key = self.finnhub.key if self.feed_kind == "finnhub" else ""
        return name_of_key(key, purpose) if key else None


def new_run_id() -> str:
    """Return a name for one run of a producer, unlike that of any other run."""
    return uuid.uuid4().hex[:8]
