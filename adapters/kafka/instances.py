"""Which instances share the watchlist at this moment, by the description of their consumer group; and a wait until a name is free."""

import re
import time
from collections.abc import Sequence
from typing import Any, Final

import attrs
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from ports.errors import BrokerError, KeyInUseError

from .codes import COORDINATOR_UNAVAILABLE, error_of
from .logs import ClientLog
from .settings import KafkaSettings

_CLIENT_ID: Final = re.compile(r".*?\.(?P<host>.+)\.(?P<cap>[0-9]{1,9})")
"""As `watchlist.client_id` writes it."""
_RETRY_S: Final = 0.2


@attrs.frozen(kw_only=True)
class Instance:
    """A member of the group."""

    name: str
    """Derived from its key, which it does not reveal; without a key, the broker's name for the member."""
    host: str
    cap: int | None
    """How many symbols its key allows, where the member reports it."""
    partitions: frozenset[int]


def describe_instances(settings: KafkaSettings) -> list[Instance]:
    """Return the instances, sorted by name. Raise BrokerError when the cluster does not answer in time."""
    log = ClientLog("admin", settings.bootstrap_servers)
    try:
        members = _members(AdminClient({**settings.client(), **log.options()}), settings)
    except (KafkaException, TimeoutError) as error:
        raise BrokerError(
            f"Kafka at {settings.bootstrap_servers} did not describe the group of {settings.watchlist_topic}: {error}"
        ) from error
    found = []
    for member in members:
        client = _CLIENT_ID.fullmatch(member.client_id)
        places = member.assignment.topic_partitions if member.assignment is not None else []
        found.append(
            Instance(
                name=member.group_instance_id or member.member_id,
                host=client["host"] if client else str(member.host).lstrip("/"),
                cap=int(client["cap"]) if client else None,
                partitions=frozenset(place.partition for place in places),
            )
        )
    return sorted(found, key=lambda instance: instance.name)


def _members(admin: AdminClient, settings: KafkaSettings) -> Sequence[Any]:
    group, timeout_s = settings.watchlist_group, settings.connect_timeout_s
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            future = admin.describe_consumer_groups([group], request_timeout=timeout_s)[group]
            found: Sequence[Any] = future.result(timeout=timeout_s).members
        except KafkaException as error:
            if error_of(error).code() not in COORDINATOR_UNAVAILABLE or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return found


def await_free_name(settings: KafkaSettings, name: str, host: str, timeout_s: float) -> None:
    """Wait while an instance on another host has this name. Raise KeyInUseError at the timeout, BrokerError when the cluster does not answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        # A member that does not report its host may be on this one.
        others = [each for each in describe_instances(settings) if each.name == name and each.cap is not None]
        hosts = [each.host for each in others if each.host != host]
        if not hosts:
            return
        if time.monotonic() > deadline:
            raise KeyInUseError(f"a producer on {hosts[0]} uses the same API key: each producer needs a key of its own")
        # Kafka does not announce that a member left: it has to be asked.
        time.sleep(1.0)
