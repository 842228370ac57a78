"""The doctor names protocol, cipher and user of a connection, and fails a certificate that ends soon."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from apps.observability.tls_connections import TlsSettings, kafka_tls
from apps.observability.tls_findings import tls_finding
from apps.settings.options import KafkaOptions
from tests.support.impostors import Flaw, impostor


def settings(port: int = 1, host: str = "127.0.0.1", **values: Any) -> TlsSettings:
    defaults: dict[str, Any] = {"enabled": True, "ca_file": None, "cert_file": None, "key_file": None, "user": "query"}
    return TlsSettings(addresses=((host, port),), **{**defaults, **values})


@pytest.mark.parametrize(("days", "ok"), [(90, True), (7, False)])
def test_a_certificate_that_ends_soon_fails(days: int, ok: bool, tmp_path: Path) -> None:
    flaw = Flaw(not_after=datetime.now(UTC) + timedelta(days=days, hours=1))
    with impostor(flaw, tmp_path) as server:
        found = tls_finding("cassandra.tls", settings(server.port, ca_file=server.ca_file))
    assert found.ok is ok
    assert f"TLSv1.3, TLS_AES_256_GCM_SHA384, as query; the certificate ends in {days} days" in found.detail


def test_a_server_that_is_not_trusted_fails(tmp_path: Path) -> None:
    with impostor(Flaw(is_trusted=False), tmp_path) as server:
        found = tls_finding("kafka.tls", settings(server.port, ca_file=server.ca_file))
    assert not found.ok
    assert "certificate verify failed" in found.detail


@pytest.mark.parametrize(
    ("servers", "addresses"),
    [
        ("kafka-1:9093, kafka-2:9094", (("kafka-1", 9093), ("kafka-2", 9094))),
        ("[::1]:9093", (("::1", 9093),)),
        ("kafka-1", (("kafka-1", 9092),)),
    ],
)
def test_every_broker_of_the_settings_is_examined(servers: str, addresses: tuple[tuple[str, int], ...]) -> None:
    assert kafka_tls(KafkaOptions(bootstrap_servers=servers)).addresses == addresses


def test_a_name_that_no_host_can_have_fails() -> None:
    found = tls_finding("kafka.tls", settings(host=".kafka"))
    assert not found.ok
    assert ".kafka:1: no TLS connection" in found.detail


def test_connections_in_clear_pass_on_this_machine_alone() -> None:
    assert tls_finding("kafka.tls", settings(enabled=False)).ok
    found = tls_finding("kafka.tls", settings(host="kafka-1", enabled=False))
    assert (found.ok, found.detail) == (False, "connections to kafka-1 are not encrypted")


@pytest.mark.parametrize(("days", "ok"), [(90, True), (7, False)])
def test_a_client_certificate_that_ends_soon_fails(days: int, ok: bool, tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("producer.invalid", not_after=datetime.now(UTC) + timedelta(days=days, hours=1))
    file = tmp_path / "client.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(file)
    with impostor(Flaw(not_after=datetime.now(UTC) + timedelta(days=90)), tmp_path) as server:
        found = tls_finding("kafka.tls", settings(server.port, ca_file=server.ca_file, cert_file=file))
    assert found.ok is ok, found.detail
    assert f"the client certificate {file} ends in {days} days" in found.detail
    assert f"the authority's certificate {server.ca_file} ends in " in found.detail


def test_a_client_certificate_that_is_no_certificate_fails(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_text("not a certificate")
    with impostor(Flaw(), tmp_path) as server:
        found = tls_finding("kafka.tls", settings(server.port, ca_file=file))
    assert not found.ok
    assert f"{file} holds no certificate in PEM" in found.detail
