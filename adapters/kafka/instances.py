"""Which instances share the watchlist at this moment, by the description of their group, and whether a name is free."""

import re
import time
from typing import Final

import attrs
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from ports.errors import BrokerError, KeyInUseError

from .logs import ClientLog
from .settings import KafkaSettings

_CLIENT_ID: Final = re.compile(r".*?\.(?P<host>.+)\.(?P<cap>[0-9]{1,9})(?:\.r(?P<run>[0-9a-f]{8}))?")
"""As `watchlist.client_id` writes it."""


@attrs.frozen(kw_only=True)
class Instance:
    """A member of the group."""

    name: str
    """By its key, without telling that; or, without a key, as the broker calls it."""
    host: str
    cap: int | None
    """How many symbols it can carry, where it tells."""
    partitions: frozenset[int]
    run: str | None = None
    """What no other has, also not the same one after a start, where it tells."""


def describe_instances(settings: KafkaSettings) -> list[Instance]:
    """Give the instances by name. Raises BrokerError when the cluster does not answer in time."""
    log = ClientLog("admin", settings.bootstrap_servers)
    try:
        admin = AdminClient({**settings.client(), **log.options()})
        group = settings.watchlist_group
        future = admin.describe_consumer_groups([group], request_timeout=settings.connect_timeout_s)[group]
        members = future.result(timeout=settings.connect_timeout_s).members
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
                run=told["run"] if told else None,
            )
        )
    return sorted(found, key=lambda instance: instance.name)


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
