"""The secrets of a secure stack: private files, certificates that name one address, and passwords that differ."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from devstack.servers.secrets import ADMIN, CASSANDRA_ROLES, KAFKA_USERS, Secrets

SERVERS = {"kafka-1": "127.0.0.1", "cassandra-2": "127.0.0.2"}
NAMES = {"kafka-1": ["127.0.0.1"], "cassandra-2": ["127.0.0.2", "localhost"]}


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    made = Secrets(folder=tmp_path / "secrets")
    made.make(SERVERS)
    return made


def certificate(secrets: Secrets, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificates(secrets.key_and_certificate(name).read_bytes())[0]


def test_every_file_is_private(secrets: Secrets) -> None:
    for path in [secrets.folder, *secrets.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize(("name", "addresses"), NAMES.items())
def test_a_certificate_names_its_server_and_its_addresses_alone(
    secrets: Secrets, name: str, addresses: list[str]
) -> None:
    own = certificate(secrets, name)
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each.value) for each in names] == addresses
    [common_name] = own.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert common_name.value == name
    own.verify_directly_issued_by(x509.load_pem_x509_certificate(secrets.ca_file.read_bytes()))


def test_a_key_has_the_form_that_java_reads(secrets: Secrets) -> None:
    text = secrets.key_and_certificate("kafka-1").read_bytes()
    assert text.startswith(b"-----BEGIN PRIVATE KEY-----")
    load_pem_private_key(text, password=None)


def test_the_key_of_the_authority_is_not_kept(secrets: Secrets) -> None:
    authority = x509.load_pem_x509_certificate(secrets.ca_file.read_bytes()).public_key()
    for file in secrets.folder.glob("*.pem"):
        if file != secrets.ca_file:
            assert load_pem_private_key(file.read_bytes(), password=None).public_key() != authority


def test_no_two_passwords_are_alike_and_making_again_changes_nothing(secrets: Secrets) -> None:
    files = [*map(secrets.kafka_password, KAFKA_USERS), *map(secrets.cassandra_password, CASSANDRA_ROLES)]
    before = [file.read_text() for file in files]
    assert len(set(before)) == len(before) == len(KAFKA_USERS) + len(CASSANDRA_ROLES)
    assert min(map(len, before)) >= 32
    secrets.make(SERVERS)
    assert [file.read_text() for file in files] == before
    assert ADMIN in KAFKA_USERS
