"""One set of settings protects the connections of librdkafka, the Python driver, and Spark's clients."""

import base64
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest
import typed_settings as ts

from adapters.finnhub.key_name import name_of_key
from adapters.kafka.publisher import KafkaPublisher
from adapters.spark.kafka_client import security_properties
from apps.settings.aggregator import AggregatorOptions
from apps.settings.live import LiveSettings
from apps.settings.loader import loaders, settings_converter, settings_errors
from apps.settings.options import CassandraOptions, KafkaOptions
from apps.settings.producer import ProducerSettings
from ports.errors import BrokerError
from tests.support.certificates import ServerCertificate, make_certificate

PASSWORD = 'p"a\\ss'  # noqa: S105 - quotes and backslashes have to survive Java's configuration

TOKENS = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "OAUTHBEARER",
    "SASL_TOKEN_ENDPOINT": "https://sso.example",
}


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    return make_certificate(tmp_path_factory.mktemp("pem"))


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text(f"{PASSWORD}\n")
    return file


def kafka_options(pem: ServerCertificate, **values: Any) -> KafkaOptions:
    return KafkaOptions(security_protocol="SASL_SSL", ssl_ca_file=pem.certificate, sasl_username="producer", **values)


def test_librdkafka_verifies_host_names_and_gets_the_password_of_the_file(
    pem: ServerCertificate, password_file: Path
) -> None:
    settings = kafka_options(pem, sasl_password_file=password_file).adapter()
    assert (
        settings.client().items()
        >= {
            "security.protocol": "SASL_SSL",
            "ssl.endpoint.identification.algorithm": "https",
            "ssl.ca.location": str(pem.certificate),
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "producer",
            "sasl.password": PASSWORD,
        }.items()
    )
    assert PASSWORD not in repr(settings)


def test_the_clients_of_spark_get_the_same_values(pem: ServerCertificate, password_file: Path) -> None:
    options = AggregatorOptions(
        kafka=kafka_options(pem, sasl_password_file=password_file),
        cassandra=CassandraOptions(
            tls=True, ca_file=pem.certificate, username="aggregator", password_file=password_file
        ),
    )
    settings = options.adapter()
    java = security_properties(settings.kafka_security)
    assert java["security.protocol"] == "SASL_SSL"
    assert java["ssl.endpoint.identification.algorithm"] == "https"
    assert 'username="producer" password="p\\"a\\\\ss";' in java["sasl.jaas.config"]
    store = settings.cassandra_security
    assert (store.tls, store.username, store.password) == (True, "aggregator", PASSWORD)
    assert store.certificates.ca_file == str(pem.certificate)
    assert PASSWORD not in repr(settings) + repr(options)


def test_the_files_and_the_password_come_from_variables(
    pem: ServerCertificate, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "TAPELINE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "TAPELINE_KAFKA_SSL_CA_FILE": str(pem.certificate),
        "TAPELINE_KAFKA_SASL_USERNAME": "producer",
        "TAPELINE_KAFKA_SASL_PASSWORD_FILE": str(password_file),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    loaded = ts.load_settings(ProducerSettings, loaders("producer"), converter=settings_converter())
    assert loaded.kafka.adapter().security == kafka_options(pem, sasl_password_file=password_file).adapter().security


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SSL_CA_FILE": "ca.pem"}, "PLAINTEXT has no TLS"),
        ({"SASL_USERNAME": "producer"}, "PLAINTEXT has no SASL"),
        ({"SASL_PASSWORD": PASSWORD}, "PLAINTEXT has no SASL"),
        ({**TOKENS, "SECURITY_PROTOCOL": "SSL"}, "SSL has no SASL"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_TOKEN_SCOPE": "kafka"}, "no token endpoint"),
        ({"SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "SASL_PLAINTEXT"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CERT_FILE": "client.pem"}, "needs both"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_FILE": "no-such.key"}, "cannot read the secret file"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_PASSWORD_FILE": "no-such"}, "cannot read the secret file"),
        ({**TOKENS, "SASL_MECHANISM": "PLAIN"}, "PLAIN takes no token"),
        ({**TOKENS, "SASL_TOKEN_ENDPOINT": "http://sso.example/token"}, "https:// is required"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_by_name(
    variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"TAPELINE_KAFKA_{name}", value)
    refused = " ".join(settings_errors(ProducerSettings, "producer"))
    assert message in refused
    assert PASSWORD not in refused


def test_a_password_file_that_others_can_read_is_refused(pem: ServerCertificate, password_file: Path) -> None:
    password_file.chmod(0o644)
    with pytest.raises(ValueError, match="open to other users"):
        kafka_options(pem, sasl_password_file=password_file)
    with pytest.raises(ValueError, match="open to other users"):
        CassandraOptions(username="query", password_file=password_file)


def test_the_api_key_comes_from_a_file(password_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAPELINE_FINNHUB_TOKEN_FILE", str(password_file))
    loaded = ts.load_settings(ProducerSettings, loaders("producer"), converter=settings_converter())
    assert loaded.finnhub.adapter().token == PASSWORD
    assert loaded.key_name("watchlist") == name_of_key(PASSWORD, "watchlist")
    assert attrs.evolve(loaded, feed="simulated").key_name("watchlist") is None
    assert LiveSettings(finnhub=loaded.finnhub).feed_kind == "finnhub"
    assert PASSWORD not in repr(loaded)
    password_file.chmod(0o644)
    assert "open to other users" in " ".join(settings_errors(ProducerSettings, "producer"))


def test_a_password_is_set_once(pem: ServerCertificate, password_file: Path) -> None:
    with pytest.raises(ValueError, match="both set"):
        kafka_options(pem, sasl_password=ts.SecretStr("other"), sasl_password_file=password_file)


def test_oauthbearer_asks_the_endpoint_for_a_token_with_user_and_password(
    pem: ServerCertificate, password_file: Path
) -> None:
    asked: list[str] = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["Authorization"])
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}/token"
        settings = kafka_options(
            pem,
            bootstrap_servers="127.0.0.1:9",
            sasl_mechanism="OAUTHBEARER",
            sasl_token_endpoint=endpoint,
            sasl_password_file=password_file,
            connect_timeout_s=3,
        ).adapter()
        with pytest.raises(BrokerError), KafkaPublisher(settings):
            pass
        server.shutdown()
    credentials = base64.b64encode(f"producer:{PASSWORD}".encode()).decode()
    assert asked[0] == f"Basic {credentials}"
