"""The settings of `tapeline admin`."""

from collections.abc import Iterable
from pathlib import Path

import attrs
import typed_settings as ts

from .options import CassandraOptions, KafkaOptions
from .production import PROFILE_HELP, Profile, check_profile
from .secret_files import read_secret

PROFILES = ("dev", "production")


@attrs.frozen(kw_only=True)
class TopicsSettings:
    """`tapeline admin topics`."""

    profile: Profile = ts.option(
        default="dev", help="dev keeps 1 copy; production keeps 3, and at least 2 must be in sync"
    )
    partitions: int = ts.option(default=4, validator=attrs.validators.ge(1), help="Partitions of each topic")
    add_partitions: bool = ts.option(default=False, help="Add partitions to topics that have fewer")
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, kafka=self.kafka)


@attrs.frozen(kw_only=True)
class AclsSettings:
    """`tapeline admin acls`."""

    dry_run: bool = ts.option(default=False, help="Print what is missing, and change nothing")
    kafka: KafkaOptions = ts.option(factory=KafkaOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, kafka=self.kafka)


@attrs.frozen(kw_only=True)
class RolesSettings:
    """`tapeline admin roles`."""

    dry_run: bool = ts.option(default=False, help="Print what is missing, and change nothing")
    passwords: Path | None = ts.option(
        default=None,
        help="Folder of files with passwords, named as the roles that may log in",
        click={"metavar": "FOLDER"},
    )
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)
    profile: Profile = ts.option(default="dev", help=PROFILE_HELP)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, cassandra=self.cassandra)

    def passwords_of(self, roles: Iterable[str]) -> dict[str, str]:
        """Return the passwords of those roles that have a file. Raise SecretFileError if a file cannot be used."""
        if self.passwords is None:
            return {}
        files = {role: self.passwords / role for role in roles}
        return {role: str(read_secret(file)) for role, file in files.items() if file.exists()}


@attrs.frozen(kw_only=True)
class SchemaSettings:
    """`tapeline admin schema`."""

    profile: Profile = ts.option(default="dev", help="dev keeps 1 copy; production as many as --data-centers says")
    data_centers: str = ts.option(default="", help="For production", click={"metavar": "dc1:3,dc2:3"})
    cassandra: CassandraOptions = ts.option(factory=CassandraOptions)

    def __attrs_post_init__(self) -> None:
        check_profile(self.profile, cassandra=self.cassandra)
