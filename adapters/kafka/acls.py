"""The access control lists of Kafka that the table of rights asks for: created where they are missing, never removed.

Each right is one ACL of the user `User:NAME` from every host, on a topic or group of exactly that name.
"""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import attrs
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but not in the words of its type hints
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from domain.program_rights import GROUP_RIGHTS, TOPIC_RIGHTS, KafkaOperation
from ports.errors import BrokerError

from .logs import ClientLog
from .metadata import read_topics
from .settings import KafkaSettings
from .topic_reader import GROUP

_ANY_HOST: Final = "*"
EVERY_ACL: Final = AclBindingFilter(
    ResourceType.ANY,
    None,  # type: ignore[arg-type] # None is any, which its type hints do not say
    ResourcePatternType.ANY,
    None,  # type: ignore[arg-type]
    None,  # type: ignore[arg-type]
    AclOperation.ANY,
    AclPermissionType.ANY,
)


@attrs.frozen(kw_only=True)
class AclReport:
    """An ACL, in words, and whether it was missing."""

    text: str
    was_missing: bool


def ensure_acls(settings: KafkaSettings, *, dry_run: bool = False) -> list[AclReport]:
    """Create the ACLs that are missing, unless `dry_run`, and return all of them. Raise BrokerError when Kafka refuses or does not answer."""
    log = ClientLog("admin", settings.bootstrap_servers)
    timeout_s = settings.connect_timeout_s
    try:
        admin = AdminClient({**settings.client(), **log.options()})
        read_topics(admin, settings, log)
        existing = set(admin.describe_acls(EVERY_ACL, request_timeout=timeout_s).result(timeout_s))
        wanted = list(acls(settings))
        missing = [acl for acl in wanted if acl not in existing]
        if missing and not dry_run:
            for done in admin.create_acls(missing, request_timeout=timeout_s).values():
                done.result(timeout_s)
    except (KafkaException, TimeoutError, ValueError, TypeError) as error:
        raise BrokerError(f"Kafka at {settings.bootstrap_servers} refused: {error}") from error
    return [AclReport(text=_in_words(acl), was_missing=acl in missing) for acl in wanted]


class NamedRight(NamedTuple):
    """A right of a user on a topic or a group, by the name that it has on the cluster."""

    user: str
    kind: Literal["topic", "group"]
    name: str
    operation: KafkaOperation


def named_rights(settings: KafkaSettings) -> Iterable[NamedRight]:
    """Yield the rights of the table on topics, then those on groups, by the names of the settings."""
    topics = {
        "trades": settings.trades_topic,
        "dead_letters": settings.dead_letters_topic,
        "events": settings.events_topic,
        "candles": settings.candles_topic,
        "watchlist": settings.watchlist_topic,
    }
    groups = {"watchlist": settings.watchlist_group, "topic_reader": GROUP}
    for on_topic in TOPIC_RIGHTS:
        yield NamedRight(on_topic.user, "topic", topics[on_topic.topic], on_topic.operation)
    for on_group in GROUP_RIGHTS:
        yield NamedRight(on_group.user, "group", groups[on_group.group], on_group.operation)


def acls(settings: KafkaSettings) -> Iterable[AclBinding]:
    """Return the ACL of each right of the table, in the order of `named_rights`."""
    return map(_acl, named_rights(settings))


def principal(user: str) -> str:
    """Return the name of a user in ACLs."""
    return f"User:{user}"


def _acl(right: NamedRight) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC if right.kind == "topic" else ResourceType.GROUP,
        right.name,
        ResourcePatternType.LITERAL,
        principal(right.user),
        _ANY_HOST,
        AclOperation[right.operation],
        AclPermissionType.ALLOW,
    )


def _in_words(acl: AclBinding) -> str:
    operation, kind = AclOperation(acl.operation), ResourceType(acl.restype)
    return f"{acl.principal} {operation.name} {kind.name.lower()} {acl.name}"
