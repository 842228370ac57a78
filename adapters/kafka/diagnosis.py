"""Checks of a Kafka cluster: does it answer, are the topics as they should be, may this client use them, and does its clock agree with this machine's."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined] # exported, but its type hints do not say so
    AclOperation,
    AdminClient,
    OffsetSpec,
    ResourceType,
)

from adapters.system_clock import system_clock
from ports.clock import Clock
from ports.diagnosis import Finding
from ports.errors import BrokerError

from .acls import acls, principal
from .logs import ClientLog
from .metadata import TopicState, read_topics
from .settings import KafkaSettings
from .topics import compare_topics

TOLERANCE_MS: Final = 2_000
_NEEDED: Final = (AclOperation.DESCRIBE, AclOperation.READ, AclOperation.WRITE)
"""What a client needs that is no user of the table of rights."""


class KafkaDiagnosis:
    """A `ports.diagnosis.Diagnosis` of the cluster and the topics of the settings."""

    def __init__(self, settings: KafkaSettings, *, now_ms: Clock = system_clock) -> None:
        self._settings = settings
        self._now_ms = now_ms

    def findings(self) -> Sequence[Finding]:
        """Return the findings."""
        log = ClientLog("doctor", self._settings.bootstrap_servers)
        try:
            client = AdminClient({**self._settings.client(), **log.options()})
            known = read_topics(client, self._settings, log)
        except (BrokerError, KafkaException, ValueError, TypeError) as error:
            return [Finding(check="kafka.reachable", ok=False, detail=str(error))]
        names = [
            name
            for name in (*self._settings.topics, self._settings.candles_topic, self._settings.watchlist_topic)
            if name in known
        ]
        return [
            Finding(check="kafka.reachable", ok=True, detail=f"{self._settings.bootstrap_servers} answers"),
            self._topics(),
            _checked("kafka.rights", lambda: self._rights(client, names)),
            _checked("kafka.clock", lambda: self._clock(client, names, known)),
        ]

    def _topics(self) -> Finding:
        try:
            reports = compare_topics(self._settings)
        except BrokerError as error:
            return Finding(check="kafka.topics", ok=False, detail=str(error))
        wrong = [f"{report.topic}: {', '.join(report.differences)}" for report in reports if report.differences]
        names = ", ".join(report.topic for report in reports)
        return Finding(check="kafka.topics", ok=not wrong, detail="; ".join(wrong) or f"{names} are as they should be")

    def _rights(self, client: AdminClient, names: Sequence[str]) -> Finding:
        described = client.describe_topics(
            TopicCollection(list(names)),
            include_authorized_operations=True,
            request_timeout=self._settings.connect_timeout_s,
        )
        # A cluster without an authorizer lists every operation.
        granted = {name: set(future.result().authorized_operations or ()) for name, future in described.items()}
        needed = self._rights_of_user() or [(name, operation) for name in names for operation in _NEEDED]
        missing = [f"{op.name} on {name}" for name, op in needed if op not in granted.get(name, ())]
        text = f"not granted: {', '.join(missing)}" if missing else "this client has the rights on topics that it needs"
        return Finding(check="kafka.rights", ok=not missing, detail=text)

    def _rights_of_user(self) -> list[tuple[str, AclOperation]]:
        """Return what the table of rights gives this client's user; empty for a user that is not in it."""
        user = principal(self._settings.security.username)
        return [
            (acl.name, AclOperation(acl.operation))
            for acl in acls(self._settings)
            if acl.principal == user and acl.restype == ResourceType.TOPIC
        ]

    def _clock(self, client: AdminClient, names: Sequence[str], known: dict[str, TopicState]) -> Finding:
        newest: Any = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
        asked = {
            TopicPartition(name, partition): newest
            for name in names
            if name != self._settings.watchlist_topic
            for partition in range(known[name].partitions)
        }
        futures = client.list_offsets(asked, request_timeout=self._settings.connect_timeout_s) if asked else {}
        newest_ms = max((future.result().timestamp for future in futures.values()), default=-1)
        if newest_ms < 0:
            return Finding(check="kafka.clock", ok=True, detail="not known: the topics are empty")
        ahead_ms = newest_ms - self._now_ms()
        if ahead_ms > TOLERANCE_MS:
            text = f"the newest record was appended {ahead_ms / 1000:.1f} s in the future of this machine"
            return Finding(check="kafka.clock", ok=False, detail=text)
        return Finding(check="kafka.clock", ok=True, detail="no record is stamped in the future of this machine")


def _checked(check: str, run: Callable[[], Finding]) -> Finding:
    try:
        return run()
    except (KafkaException, TimeoutError) as error:
        return Finding(check=check, ok=False, detail=f"Kafka refused: {error}")
