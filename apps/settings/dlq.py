"""The settings of `tapeline dlq`."""

import attrs
import typed_settings as ts

from domain.dead_letters import DEFAULT_MAX_ATTEMPTS

from .options import KafkaOptions, RuleOptions, in_seconds
from .production import PROFILE_HELP, Profile, check_profile


@attrs.frozen(kw_only=True)
class DlqSettings:
    """`tapeline dlq`."""

    max_attempts: int = ts.option(
        default=DEFAULT_MAX_ATTEMPTS,
        validator=attrs.validators.ge(1),
        help="Replay a letter at most this many times, its replays before included",
    )
    flush_timeout_s: float = in_seconds(
        "flush-timeout", 60.0, "How long a replay waits for the acknowledgement of what it published"
    )
    rules: RuleOptions = ts.option(factory=RuleOptions)
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, kafka=self.kafka)
