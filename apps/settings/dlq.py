"""The settings of `tapeline dlq`."""

import attrs
import typed_settings as ts

from domain.dead_letters import DEFAULT_MAX_ATTEMPTS

from .options import KafkaOptions, RuleOptions


@attrs.frozen(kw_only=True)
class DlqSettings:
    """`tapeline dlq`."""

    max_attempts: int = ts.option(
        default=DEFAULT_MAX_ATTEMPTS,
        validator=attrs.validators.ge(1),
        help="Replay a letter at most this many times, its replays before included",
    )
    rules: RuleOptions = ts.option(factory=RuleOptions)
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
