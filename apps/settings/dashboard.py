"""The settings of the live page: as part of `tapeline live` and `tapeline stack`, and of `tapeline dashboard`, which has the page alone."""

import attrs
import typed_settings as ts

from .options import CassandraOptions, comma_list, in_seconds
from .production import PROFILE_HELP, Profile, check_profile
from .source import DEFAULT_SYMBOLS
from .web_options import WebOptions


@attrs.frozen(kw_only=True)
class DashboardSettings:
    """`tapeline dashboard`."""

    symbols: tuple[str, ...] = comma_list(DEFAULT_SYMBOLS, "Symbols to watch")
    lookback_s: float = in_seconds(
        "lookback", 86_400.0, "How old a symbol's newest candle may be to be found at the start"
    )
    window_s: int = in_seconds("window", 60, "Length of the candles to watch")
    allowed_lateness_s: int = in_seconds(
        "allowed-lateness",
        60,
        "How late a trade may come and still change a candle, as the aggregator has it",
        zero=True,
    )
    web: WebOptions = ts.option(factory=WebOptions)
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, cassandra=self.cassandra)
