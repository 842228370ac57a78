"""Which instances share the watchlist at this moment, by the description of their group, and whether a name is free."""

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
_AGAIN_S: Final = 0.2


@attrs.frozen(kw_only=True)
class Instance:
    """A member of the group."""

    name: str
    """By its key, without telling that; or, without a key, as the broker calls it."""
    host: str
    cap: int | None
    """How many symbols it can carry, where it tells."""
    partitions: frozenset[int]


def describe_instances(settings: KafkaSettings) -> list[Instance]:
    """Give the instances by name. Raises BrokerError when the cluster does not answer in time."""
    log = ClientLog("admin", settings.bootstrap_servers)
    try:
        members = _members(AdminClient({**settings.client(), **log.options()}), settings)
    except (KafkaException, TimeoutError) as error:
        raise BrokerError(
            f"Kafka at {settings.bootstrap_servers} did not say who shares {settings.watchlist_topic}: {error}"
        ) from error
    found = []
    for member in members:
        told = _CLIENT_ID.fullmatch(member.client_id)
        places = member.assignment.topic_partitions if member.assignment is not None else []
        found.append(
            Instance(
                name=member.group_instance_id or member.member_id,
                host=told["host"] if told else str(member.host).lstrip("/"),
                cap=int(told["cap"]) if told else None,
                partitions=frozenset(place.partition for place in places),
            )
        )
    return sorted(found, key=lambda instance: instance.name)


def _members(admin: AdminClient, settings: KafkaSettings) -> Sequence[Any]:
    group, patience_s = settings.watchlist_group, settings.connect_timeout_s
    deadline = time.monotonic() + patience_s
    while True:
        try:
            future = admin.describe_consumer_groups([group], request_timeout=patience_s)[group]
            found: Sequence[Any] = future.result(timeout=patience_s).members
        except KafkaException as error:
            if error_of(error).code() not in COORDINATOR_UNAVAILABLE or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
        else:
            return found


def await_free_name(settings: KafkaSettings, name: str, host: str, patience_s: float) -> None:
    """Wait while an instance on another host has this name. Raises KeyInUseError when that lasts, BrokerError when the cluster does not answer."""
    deadline = time.monotonic() + patience_s
    while True:
        # One that does not tell its host cannot be judged.
        others = [each for each in describe_instances(settings) if each.name == name and each.cap is not None]
        hosts = [each.host for each in others if each.host != host]
        if not hosts:
            return
        if time.monotonic() > deadline:
            raise KeyInUseError(f"a producer on {hosts[0]} uses the same API key: each producer needs a key of its own")
        # Kafka tells nobody when a member leaves: it has to be asked.
        time.sleep(1.0)
