"""A server that cannot prove who it is gets no password: programs end with a clear error, within their connect timeout."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.programs import run

from .impostors import FLAWS, Impostor, impostor

# Python warns of the old versions of TLS, which one server here speaks.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")

PASSWORD = "s3cret-that-nobody-may-see"  # noqa: S105 - the tests look for it
TIMEOUT_S = "5"


QUICK = ("unknown authority", "wrong host name")
ROWS = [pytest.param(flaw, marks=() if flaw in QUICK else pytest.mark.faults) for flaw in FLAWS]


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text(PASSWORD)
    return file


def run_kafka_client(server: Impostor, password_file: Path) -> "subprocess.CompletedProcess[str]":
    return run(
        "apps.cli", "producer", "--feed", "simulated", "--duration", "5", "--metrics-port", "0",
        TAPELINE_KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{server.port}",
        TAPELINE_KAFKA_CONNECT_TIMEOUT_S=TIMEOUT_S,
        TAPELINE_KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        TAPELINE_KAFKA_SSL_CA_FILE=str(server.ca_file),
        TAPELINE_KAFKA_SASL_USERNAME="producer",
        TAPELINE_KAFKA_SASL_PASSWORD_FILE=str(password_file),
    )  # fmt: skip


def run_cassandra_client(server: Impostor, password_file: Path) -> "subprocess.CompletedProcess[str]":
    return run(
        "apps.cli", "query", "candles", "AAPL",
        TAPELINE_CASSANDRA_PORT=str(server.port),
        TAPELINE_CASSANDRA_TLS="true",
        TAPELINE_CASSANDRA_CA_FILE=str(server.ca_file),
        TAPELINE_CASSANDRA_USERNAME="query",
        TAPELINE_CASSANDRA_PASSWORD_FILE=str(password_file),
    )  # fmt: skip


KAFKA_WORDS = {
    "unknown authority": "certificate verify failed",
    "wrong host name": "certificate verify failed",
    "expired certificate": "certificate verify failed",
    "certificate that is not valid yet": "certificate verify failed",
    "old TLS": "SSL",
    "no TLS": "SSL",
}
CASSANDRA_WORDS = {
    "unknown authority": "unable to get local issuer certificate",
    "wrong host name": "certificate is not valid for '127.0.0.1'",
    "expired certificate": "certificate has expired",
    "certificate that is not valid yet": "certificate is not yet valid",
    "old TLS": "no TLS connection",
    "no TLS": "no TLS connection",
}


@pytest.mark.parametrize("flaw", ROWS)
def test_a_kafka_client_refuses_a_server_with(flaw: str, tmp_path: Path, password_file: Path) -> None:
    with impostor(FLAWS[flaw], tmp_path) as server:
        ended = run_kafka_client(server, password_file)
    assert_refused(ended, server, KAFKA_WORDS[flaw])


@pytest.mark.parametrize("flaw", ROWS)
def test_a_cassandra_client_refuses_a_server_with(flaw: str, tmp_path: Path, password_file: Path) -> None:
    with impostor(FLAWS[flaw], tmp_path) as server:
        ended = run_cassandra_client(server, password_file)
    assert_refused(ended, server, CASSANDRA_WORDS[flaw])


def assert_refused(ended: "subprocess.CompletedProcess[str]", server: Impostor, words: str) -> None:
    output = ended.stdout + ended.stderr
    assert ended.returncode == 1, output
    assert words in ended.stderr
    assert "Traceback" not in output
    assert PASSWORD not in output
    assert server.accepted == []
