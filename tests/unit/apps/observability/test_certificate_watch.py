"""A program exports when the certificates of its servers end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from apps.observability.certificate_watch import CertificateWatch
from apps.observability.tls_connections import TlsSettings
from tests.support.impostors import Flaw, Impostor, impostor
from tests.support.metrics_documentation import Described, documented
from tests.support.scraping import scrape
from tests.support.timeouts import wait_until

METRIC = "tapeline_server_certificate_expiry_timestamp_seconds"


def connection(server: Impostor, *, enabled: bool = True) -> TlsSettings:
    return TlsSettings(
        addresses=(("127.0.0.1", server.port),),
        enabled=enabled,
        ca_file=server.ca_file,
        cert_file=None,
        key_file=None,
        user="",
    )


def test_the_metric_is_the_end_of_the_servers_certificate(tmp_path: Path) -> None:
    ends = (datetime.now(UTC) + timedelta(days=13)).replace(microsecond=0)
    registry = CollectorRegistry()
    with impostor(Flaw(not_after=ends), tmp_path) as server, CertificateWatch(registry, [connection(server)]):
        wait_until(lambda: METRIC in scrape(registry).names())
        assert scrape(registry).value(METRIC, server=f"127.0.0.1:{server.port}") == ends.timestamp()


def test_a_server_has_no_value_if_it_is_not_trusted_or_has_no_tls(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    (tmp_path / "one").mkdir()
    with impostor(Flaw(is_trusted=False), tmp_path / "one") as one, impostor(Flaw(), tmp_path) as other:
        connections = [connection(one, enabled=False), connection(one), connection(other)]
        with CertificateWatch(registry, connections):
            wait_until(lambda: METRIC in scrape(registry).names())
    assert scrape(registry).labels(METRIC, "server") == {f"127.0.0.1:{other.port}"}


def test_it_is_documented() -> None:
    assert documented("Certificates (producer, aggregator)") == {METRIC: Described("gauge", frozenset({"server"}))}
