"""The secure stack: what it stores, who may connect, and that nothing of it is open to others."""

import socket
import ssl
import stat
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from adapters.cassandra.roles import ensure_roles
from adapters.kafka.acls import ensure_acls
from apps.local_stack.parts import Servers
from devstack.servers.kafka_security import administrator_context
from devstack.servers.secrets import ADMIN, CASSANDRA_ROLES, KAFKA_USERS, Secrets
from devstack.stack import Stack
from devstack.stack.record import read_record
from domain.program_rights import ROLES, USERS
from tests.support.programs import run
from tests.support.sockets import is_loopback, listening

from .rights import passwords

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

Variables = Callable[..., dict[str, str]]


def test_each_user_of_the_table_of_rights_has_a_password() -> None:
    assert set(KAFKA_USERS) == {*USERS, ADMIN}
    assert set(CASSANDRA_ROLES) == {*ROLES, ADMIN}


def test_the_secrets_are_readable_by_their_owner_alone(secrets: Secrets) -> None:
    for path in [secrets.folder, *secrets.folder.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_every_socket_listens_on_loopback(secure_stack: Stack) -> None:
    record = read_record(secure_stack.folder)
    assert record is not None
    sockets = listening(running.pid for running in record.running.values())
    assert {port for _, port in sockets} >= secure_stack.ports
    assert {address for address, _ in sockets if not is_loopback(address)} == set()


def test_acls_and_roles_are_applied_once(secure_stack: Stack) -> None:
    admin = Servers.of(secure_stack, user=ADMIN, role=ADMIN)
    assert [report.text for report in ensure_acls(admin.kafka) if report.was_missing] == []
    assert [report.text for report in ensure_roles(admin.cassandra, {}) if report.was_missing] == []


def test_no_password_is_on_a_command_line_or_in_a_log(secure_stack: Stack, secrets: Secrets) -> None:
    logs = "".join(file.read_text(errors="replace") for file in secure_stack.folder.rglob("*.log"))
    commands = " ".join(" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
    assert [password for password in passwords(secrets.folder) if password in logs + commands] == []


@pytest.fixture
def wrong_password(tmp_path: Path) -> Path:
    file = tmp_path / "wrong"
    file.touch(mode=0o600)
    file.write_text("wr0ng-password")
    return file


PRODUCER = ("apps.cli", "producer", "--feed", "simulated", "--duration", "2", "--metrics-port", "0")
QUERY = ("apps.cli", "query", "candles", "AAPL")
FAST = {"TAPELINE_KAFKA_CONNECT_TIMEOUT_S": "5"}


def test_a_wrong_password_ends_the_producer(variables_of: Variables, wrong_password: Path) -> None:
    # It does not wait for the end of this time: the brokers would refuse the password again.
    patient = {"TAPELINE_KAFKA_CONNECT_TIMEOUT_S": "3600"}
    wrong = {**variables_of("producer"), **patient, "TAPELINE_KAFKA_SASL_PASSWORD_FILE": str(wrong_password)}
    assert_refused(run(*PRODUCER, **wrong), "invalid credentials")


def test_a_wrong_password_ends_a_query(variables_of: Variables, wrong_password: Path) -> None:
    wrong = {**variables_of(), "TAPELINE_CASSANDRA_PASSWORD_FILE": str(wrong_password)}
    assert_refused(run(*QUERY, **wrong), "refused the user name or password")


def test_the_first_superuser_is_gone(variables_of: Variables, tmp_path: Path) -> None:
    file = tmp_path / "first"
    file.touch(mode=0o600)
    file.write_text("cassandra")
    first = {"TAPELINE_CASSANDRA_USERNAME": "cassandra", "TAPELINE_CASSANDRA_PASSWORD_FILE": str(file)}
    assert_refused(run(*QUERY, **{**variables_of(), **first}), "refused the user name or password")


def test_a_plaintext_client_is_refused(secure_stack: Stack) -> None:
    plain = {
        "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": secure_stack.bootstrap_servers,
        "TAPELINE_CASSANDRA_PORT": str(secure_stack.cassandra_port),
        **FAST,
    }
    assert_refused(run(*PRODUCER, **plain), "do the security settings fit?")
    assert_refused(run(*QUERY, **plain), "is it running, and are the hosts, the port and the security settings right?")


def test_a_broker_is_not_accepted_by_a_name_that_its_certificate_lacks(variables_of: Variables) -> None:
    variables = variables_of("producer")
    port = variables["TAPELINE_KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2]
    ended = run(*PRODUCER, **{**variables, **FAST, "TAPELINE_KAFKA_BOOTSTRAP_SERVERS": f"localhost:{port}"})
    assert_refused(ended, "certificate verify failed")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("server", ["kafka-1", "cassandra-1"])
def test_an_old_version_of_tls_is_refused(secure_stack: Stack, secrets: Secrets, server: str) -> None:
    [status] = [each for each in secure_stack.status() if each.name == server]
    context = ssl.create_default_context(cafile=str(secrets.ca_file))
    assert handshake(context, status.host, status.port) == "TLSv1.3"
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    # A server that speaks TLS 1.1 accepts this client: see `test_tls.py` of the Cassandra adapter.
    with pytest.raises(ssl.SSLError, match="alert protocol version"):
        handshake(context, status.host, status.port)


def handshake(context: ssl.SSLContext, host: str, port: int) -> str | None:
    with (
        socket.create_connection((host, port), 10) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.version()


API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""A request that brokers and controllers answer without a login: https://kafka.apache.org/protocol#The_Messages_ApiVersions."""


def test_the_listeners_of_brokers_and_controllers_need_a_certificate(secure_stack: Stack, secrets: Secrets) -> None:
    record = read_record(secure_stack.folder)
    assert record is not None
    nobody = ssl.create_default_context(cafile=str(secrets.ca_file))
    for port in (*record.layout.kafka_broker_ports, record.layout.kafka_peers[0][1]):
        assert asked(administrator_context(secrets), port)
        with pytest.raises(ssl.SSLError, match=r"alert (bad certificate|certificate required)"):
            asked(nobody, port)


def asked(context: ssl.SSLContext, port: int) -> bytes:
    """Return the begin of a listener's answer to API_VERSIONS."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(API_VERSIONS)
        return secured.recv(4)


def assert_refused(ended: "subprocess.CompletedProcess[str]", words: str) -> None:
    output = ended.stdout + ended.stderr
    assert ended.returncode == 1, output
    assert words in ended.stderr
    assert "Traceback" not in output
    assert "wr0ng-password" not in output
