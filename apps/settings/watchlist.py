"""The settings of `tapeline watchlist`."""

import attrs
import typed_settings as ts

from .options import KafkaOptions
from .production import PROFILE_HELP, Profile, check_profile


@attrs.frozen(kw_only=True)
class WatchlistSettings:
    """`tapeline watchlist`."""

    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, kafka=self.kafka)
