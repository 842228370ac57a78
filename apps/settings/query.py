"""The settings of `tapeline query`."""

import attrs
import typed_settings as ts

from .options import CassandraOptions
from .production import PROFILE_HELP, Profile, check_profile


@attrs.frozen(kw_only=True)
class QuerySettings:
    """`tapeline query`."""

    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, cassandra=self.cassandra)
