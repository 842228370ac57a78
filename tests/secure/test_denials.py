"""What the secure stack refuses is in the audit log of the server, and in a metric where the server has one."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cassandra import Unauthorized

from adapters.cassandra.session import CassandraSession
from apps.local_stack.parts import Servers
from apps.observability.tls_connections import TlsSettings, handshake
from devstack.servers import cassandra_log, kafka
from devstack.servers.secrets import Secrets
from devstack.stack import Stack
from tests.support.scraping import Scrape, parse
from tests.support.timeouts import wait_until

from .refusals import (
    be_denied_by_kafka,
    log_in_to_cassandra_with_a_wrong_password,
    log_in_to_kafka_with_a_wrong_password,
    topic_error,
)

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


def scraped(stack: Stack, server: str) -> Scrape:
    with urllib.request.urlopen(f"http://{stack.metrics_targets[server]}/metrics", timeout=30) as reply:
        return parse(reply.read().decode())


def total(stack: Stack, server: str, metric: str) -> float:
    """Return the sum of the series of a metric; 0 while there is none."""
    found = scraped(stack, server)
    return found.total(metric) if metric in found.names() else 0.0


@contextmanager
def rises(stack: Stack, server: str, metric: str) -> Iterator[None]:
    """Await that a metric rises because of the block."""
    before = total(stack, server, metric)
    yield
    wait_until(lambda: total(stack, server, metric) > before, f"{metric} rises", poll_s=0.5)


@contextmanager
def logged(file: Path, *words: str) -> Iterator[None]:
    """Await a new line with these words."""
    before = file.stat().st_size if file.exists() else 0

    def is_there() -> bool:
        with file.open("rb") as log:
            log.seek(before)
            return any(all(word.encode() in line for word in words) for line in log)

    yield
    wait_until(is_there, f"a line with {words} in {file.name}", poll_s=0.2)


def test_an_operation_that_kafka_denies_is_logged_and_counted(secure_stack: Stack) -> None:
    log = secure_stack.folder / "kafka-1" / kafka.AUDIT_LOG
    words = ("User:watchlist", "is Denied", "DESCRIBE", "Topic:LITERAL:trades")
    with logged(log, *words), rises(secure_stack, "kafka-1", "kafka_authorization_failures_total"):
        be_denied_by_kafka(secure_stack)


def test_a_login_that_kafka_refuses_is_counted(secure_stack: Stack) -> None:
    with rises(secure_stack, "kafka-1", "kafka_failed_authentications_total"):
        log_in_to_kafka_with_a_wrong_password(secure_stack)


def test_an_operation_that_cassandra_denies_is_logged(secure_stack: Stack) -> None:
    settings = Servers.of(secure_stack, role="query").cassandra
    log = secure_stack.folder / "cassandra-1" / cassandra_log.AUDIT_LOG
    words = ("user:query", "type:UNAUTHORIZED_ATTEMPT", "TRUNCATE")
    with logged(log, *words), CassandraSession(settings) as session, pytest.raises(Unauthorized):
        session.driver.execute(f"TRUNCATE {settings.keyspace}.trades_v2")


def test_a_login_that_cassandra_refuses_is_logged_and_counted(secure_stack: Stack) -> None:
    log = secure_stack.folder / "cassandra-1" / cassandra_log.AUDIT_LOG
    metric = "cassandra_failed_authentications_total"
    with logged(log, "type:LOGIN_ERROR", "username query"), rises(secure_stack, "cassandra-1", metric):
        log_in_to_cassandra_with_a_wrong_password(secure_stack)


def test_a_handshake_without_a_login_is_not_a_failed_login(secure_stack: Stack, secrets: Secrets) -> None:
    """The programs read the certificates of the servers this way."""
    metrics = {"kafka-1": "kafka_failed_authentications_total", "cassandra-1": "cassandra_failed_authentications_total"}
    before = {server: total(secure_stack, server, metric) for server, metric in metrics.items()}
    addresses = [(status.host, status.port) for status in secure_stack.status()]
    connections = TlsSettings(
        addresses=tuple(addresses), enabled=True, ca_file=secrets.ca_file, cert_file=None, key_file=None, user=""
    )
    for host, port in addresses:
        handshake(connections, host, port)
    settings = Servers.of(secure_stack).kafka
    assert topic_error(settings, settings.trades_topic) is None
    assert {server: total(secure_stack, server, metric) for server, metric in metrics.items()} == before
