"""A server that cannot prove who it is gets no password: programs end with a clear error, within their connect timeout."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.local_stack.parts import Servers
from devstack.servers.java import java_home
from devstack.stack import Stack
from tests.support.impostors import FLAWS, Flaw, Impostor, impostor
from tests.support.programs import ended, run, start
from tests.support.timeouts import TIMEOUT_S

# Python warns of the old versions of TLS, which one server here speaks.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")

Client = Callable[[Impostor, Path], "subprocess.CompletedProcess[str]"]

PASSWORD = "s3cret-that-nobody-may-see"  # noqa: S105 - the tests look for it
CONNECT_TIMEOUT_S = "5"


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
        TAPELINE_KAFKA_CONNECT_TIMEOUT_S=CONNECT_TIMEOUT_S,
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
    "old TLS": "alert protocol version",
    "no TLS": "wrong version number",
}
CASSANDRA_WORDS = {
    "unknown authority": "unable to get local issuer certificate",
    "wrong host name": "certificate is not valid for '127.0.0.1'",
    "expired certificate": "certificate has expired",
    "certificate that is not valid yet": "certificate is not yet valid",
    "old TLS": "no TLS connection (tlsv1 alert protocol version)",
    "no TLS": "no TLS connection (wrong version number)",
}


@pytest.mark.parametrize("flaw", ROWS)
def test_a_kafka_client_refuses_a_server_with(flaw: str, tmp_path: Path, password_file: Path) -> None:
    with impostor(FLAWS[flaw], tmp_path) as server:
        done = run_kafka_client(server, password_file)
    assert_refused(done, server, KAFKA_WORDS[flaw])


@pytest.mark.parametrize("flaw", ROWS)
def test_a_cassandra_client_refuses_a_server_with(flaw: str, tmp_path: Path, password_file: Path) -> None:
    with impostor(FLAWS[flaw], tmp_path) as server:
        done = run_cassandra_client(server, password_file)
    assert_refused(done, server, CASSANDRA_WORDS[flaw])


@pytest.mark.faults
@pytest.mark.parametrize("client", [run_kafka_client, run_cassandra_client])
def test_a_client_trusts_a_server_without_a_flaw(client: Client, tmp_path: Path, password_file: Path) -> None:
    """The other tests say something only because of this one."""
    with impostor(Flaw(), tmp_path) as server:
        done = client(server, password_file)
    assert set(server.accepted) == {"TLSv1.3"}, done.stderr
    assert done.returncode == 1  # it is neither a broker nor a node


@pytest.mark.faults
@pytest.mark.servers
@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", ["kafka", "cassandra"])
@pytest.mark.parametrize("flaw", QUICK)
def test_the_aggregator_refuses_a_server_with(
    server: str, flaw: str, secure_stack: Stack, tmp_path: Path, password_file: Path
) -> None:
    with impostor(FLAWS[flaw], tmp_path) as false:
        wrong = {
            "kafka": {
                "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{false.port}",
                "TAPELINE_KAFKA_SSL_CA_FILE": str(false.ca_file),
                "TAPELINE_KAFKA_SASL_PASSWORD_FILE": str(password_file),
            },
            "cassandra": {
                "TAPELINE_CASSANDRA_PORT": str(false.port),
                "TAPELINE_CASSANDRA_CA_FILE": str(false.ca_file),
                "TAPELINE_CASSANDRA_PASSWORD_FILE": str(password_file),
            },
        }[server]
        done = run_aggregator(secure_stack, tmp_path, wrong)
    assert_refused(done, false, AGGREGATOR_WORDS[server, flaw])


@pytest.mark.faults
@pytest.mark.servers
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("TAPELINE_KAFKA_SASL_PASSWORD_FILE", "Authentication failed"),
        ("TAPELINE_CASSANDRA_PASSWORD_FILE", "password are incorrect"),
    ],
)
def test_a_wrong_password_ends_the_aggregator(
    variable: str, words: str, secure_stack: Stack, tmp_path: Path, password_file: Path
) -> None:
    done = run_aggregator(secure_stack, tmp_path, {variable: str(password_file)})
    assert_ended(done, words)


def run_aggregator(stack: Stack, folder: Path, wrong: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    variables = {**Servers.of(stack, user="aggregator", role="aggregator").variables(), **wrong}
    checkpoint = str(folder / "checkpoint")
    arguments = ("apps.cli", "aggregator", "--once", "--metrics-port", "0", "--checkpoint", checkpoint)
    return ended(start(*arguments, **variables, JAVA_HOME=str(java_home())), 3 * TIMEOUT_S)


AGGREGATOR_WORDS = {
    ("kafka", "unknown authority"): "unable to find valid certification path",
    ("kafka", "wrong host name"): "No subject alternative names matching IP address 127.0.0.1",
    ("cassandra", "unknown authority"): "unable to find valid certification path",
    # Java's driver verifies the name that belongs to a node's address.
    ("cassandra", "wrong host name"): "No subject alternative DNS name matching localhost",
}


def assert_refused(done: "subprocess.CompletedProcess[str]", server: Impostor, words: str) -> None:
    assert_ended(done, words)
    assert server.accepted == []


def assert_ended(done: "subprocess.CompletedProcess[str]", words: str) -> None:
    output = done.stdout + done.stderr
    assert done.returncode == 1, output
    assert words in done.stderr.splitlines()[-1], output
    assert "Traceback" not in output
    assert PASSWORD not in output
