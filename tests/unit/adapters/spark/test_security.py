"""Settings of TLS and authentication become the options of Kafka's client and of the Cassandra connector."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import attrs
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pyspark.sql import SparkSession

from adapters.spark.connector import connector_options
from adapters.spark.kafka_client import client_properties, security_properties
from adapters.spark.key_stores import make_key_stores
from adapters.spark.pem import PemError
from adapters.spark.preflight import check_topics
from adapters.spark.security_settings import CassandraSecurity, Certificates, KafkaSecurity
from adapters.spark.session import JAVA_PROPERTIES, spark_conf
from adapters.spark.settings import AggregatorSettings
from devstack.servers.java import java_home
from ports.errors import BrokerError

AUTHORITY = trustme.CA()
HUSH = "hush"
ENDPOINT = "https://identity.invalid/token"
SCOPE = "kafka"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    issued = AUTHORITY.issue_cert("aggregator")
    AUTHORITY.cert_pem.write_to_path(folder / "ca.pem")
    # A file of a certificate often has its key as well.
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    issued.private_key_pem.write_to_path(folder / "client.key")
    return Certificates(
        ca_file=str(folder / "ca.pem"), cert_file=str(folder / "client.pem"), key_file=str(folder / "client.key")
    )


def sasl(protocol: str = "SASL_SSL", **fields: object) -> KafkaSecurity:
    return KafkaSecurity(protocol=protocol, username="aggregator", password=HUSH, **fields)  # type: ignore[arg-type]


def test_without_security_nothing_is_added() -> None:
    assert client_properties(AggregatorSettings()) == {"bootstrap.servers": "127.0.0.1:9092"}
    assert connector_options(CassandraSecurity(), None) == {}


def test_kafka_gets_certificates_as_pem_and_its_key_in_the_form_that_java_reads(certificates: Certificates) -> None:
    found = security_properties(KafkaSecurity(protocol="SSL", certificates=certificates))
    assert found["security.protocol"] == "SSL"
    assert found["ssl.truststore.type"] == found["ssl.keystore.type"] == "PEM"
    assert found["ssl.truststore.certificates"].encode() == AUTHORITY.cert_pem.bytes()
    key = found["ssl.keystore.key"]
    assert key.startswith("-----BEGIN PRIVATE KEY-----")
    assert "PRIVATE" not in found["ssl.keystore.certificate.chain"]
    own = x509.load_pem_x509_certificate(found["ssl.keystore.certificate.chain"].encode())
    assert load_pem_private_key(key.encode(), password=None).public_key() == own.public_key()


def test_kafka_verifies_names_and_speaks_no_old_tls() -> None:
    found = security_properties(sasl())
    assert found["ssl.endpoint.identification.algorithm"] == "https"
    assert found["ssl.enabled.protocols"] == "TLSv1.3,TLSv1.2"
    assert "ssl.truststore.certificates" not in found


@pytest.mark.parametrize(
    ("mechanism", "module"),
    [
        ("PLAIN", "plain.PlainLoginModule"),
        ("SCRAM-SHA-256", "scram.ScramLoginModule"),
        ("SCRAM-SHA-512", "scram.ScramLoginModule"),
    ],
)
def test_kafka_gets_user_and_password_for_each_mechanism(mechanism: str, module: str) -> None:
    found = security_properties(sasl("SASL_PLAINTEXT", sasl_mechanism=mechanism))
    assert found == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": (
            f'org.apache.kafka.common.security.{module} required username="aggregator" password="hush";'
        ),
    }


def test_kafka_asks_an_endpoint_for_its_token() -> None:
    found = security_properties(sasl(sasl_mechanism="OAUTHBEARER", token_endpoint=ENDPOINT, token_scope=SCOPE))
    oauth = "org.apache.kafka.common.security.oauthbearer"
    assert found["sasl.mechanism"] == "OAUTHBEARER"
    assert found["sasl.jaas.config"] == (
        f'{oauth}.OAuthBearerLoginModule required clientId="aggregator" clientSecret="hush" scope="kafka";'
    )
    assert found["sasl.login.callback.handler.class"] == f"{oauth}.OAuthBearerLoginCallbackHandler"
    assert found["sasl.oauthbearer.token.endpoint.url"] == ENDPOINT


def test_a_token_without_an_endpoint_comes_by_other_properties() -> None:
    found = security_properties(sasl(sasl_mechanism="OAUTHBEARER"))
    assert found["sasl.mechanism"] == "OAUTHBEARER"
    assert not {name for name in found if "jaas" in name or "oauthbearer" in name}


def test_a_token_endpoint_needs_the_mechanism_of_tokens() -> None:
    with pytest.raises(ValueError, match="takes no token"):
        sasl(token_endpoint=ENDPOINT)


def test_a_password_cannot_end_its_quotes() -> None:
    found = security_properties(KafkaSecurity(protocol="SASL_SSL", username="u", password='a"b\\\r\n'))  # noqa: S106 - made up
    assert found["sasl.jaas.config"].endswith(r'password="a\"b\\\r\n";')


def test_properties_of_the_user_win() -> None:
    settings = AggregatorSettings(kafka_security=sasl(), kafka_properties={"sasl.mechanism": "OAUTHBEARER"})
    assert client_properties(settings)["sasl.mechanism"] == "OAUTHBEARER"


@pytest.mark.servers
def test_kafkas_client_takes_what_it_gets(spark: SparkSession, certificates: Certificates) -> None:
    security = KafkaSecurity(
        protocol="SASL_SSL",
        certificates=certificates,
        username="u",
        password='a"b\\;\r\nc d',  # noqa: S106 - made up
    )
    settings = AggregatorSettings(bootstrap_servers="127.0.0.1:9", kafka_security=security)
    # Settings that it does not take are another error.
    with pytest.raises(BrokerError, match="does not answer"):
        check_topics(spark, settings, settings.topics)
    broken = {"ssl.keystore.key": "not a key"}
    with pytest.raises(BrokerError, match="does not take its settings"):
        check_topics(spark, attrs.evolve(settings, kafka_properties=broken), settings.topics)


def test_spark_hides_every_secret_of_kafkas_clients_and_shows_the_rest(certificates: Certificates) -> None:
    found = security_properties(sasl(certificates=certificates))
    hides = re.compile(str(spark_conf(AggregatorSettings()).get("spark.redaction.regex")))
    # Spark hides a property whose name or value fits.
    hidden = {name for name, value in found.items() if hides.search(name) or hides.search(value)}
    assert {"ssl.keystore.key", "sasl.jaas.config"} <= hidden
    assert hidden.isdisjoint({"security.protocol", "ssl.truststore.type", "ssl.keystore.type", "sasl.mechanism"})


def listed(store: Path | None, password: str) -> str:
    """Return what Java finds in a key store."""
    keytool = java_home() / "bin" / "keytool"
    done = subprocess.run(
        # As Cassandra's driver opens it: by the type JKS, which reads PKCS #12 as well.
        [keytool, "-list", "-keystore", str(store), "-storetype", "JKS", "-storepass:env", "STORE_PASSWORD"],
        env={"STORE_PASSWORD": password, "LC_ALL": "C"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


def test_java_reads_the_key_stores_by_their_password_alone(certificates: Certificates) -> None:
    stores = make_key_stores(certificates)
    assert "ca-0" in listed(stores.trust_store, stores.password)
    assert "trustedCertEntry" in listed(stores.trust_store, stores.password)
    assert "PrivateKeyEntry" in listed(stores.key_store, stores.password)
    assert "Entry" not in listed(stores.key_store, "another")


def test_key_stores_are_private_and_no_password_comes_twice(certificates: Certificates) -> None:
    stores = [make_key_stores(certificates) for _ in range(2)]
    assert stores[0].password != stores[1].password
    assert stores[0].password not in repr(stores[0])
    for file in (stores[0].trust_store, stores[0].key_store):
        assert file is not None
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_connector_gets_key_stores_and_the_login(certificates: Certificates) -> None:
    stores = make_key_stores(certificates)
    security = CassandraSecurity(tls=True, certificates=certificates, username="aggregator", password=HUSH)
    found = connector_options(security, stores)
    ssl = {
        name.removeprefix("spark.cassandra.connection.ssl."): value for name, value in found.items() if ".ssl." in name
    }
    assert ssl == {
        "enabled": "true",
        "trustStore.path": str(stores.trust_store),
        "trustStore.type": "PKCS12",
        "trustStore.password": stores.password,
        "clientAuth.enabled": "true",
        "keyStore.path": str(stores.key_store),
        "keyStore.type": "PKCS12",
        "keyStore.password": stores.password,
    }
    assert found["spark.cassandra.auth.username"] == "aggregator"
    assert found["spark.cassandra.auth.password"] == HUSH


def test_tls_with_the_authorities_of_java_needs_no_key_store() -> None:
    assert connector_options(CassandraSecurity(tls=True), None) == {"spark.cassandra.connection.ssl.enabled": "true"}


def test_host_names_are_verified_on_driver_and_executors_with_ciphers_that_java_17_has() -> None:
    conf = spark_conf(AggregatorSettings())
    verifies = "datastax-java-driver.advanced.ssl-engine-factory.hostname-validation"
    assert JAVA_PROPERTIES[verifies] == "true"
    assert f"-D{verifies}=true" in str(conf.get("spark.executor.extraJavaOptions"))
    assert "TLS_AES_256_GCM_SHA384" in str(conf.get("spark.cassandra.connection.ssl.enabledAlgorithms"))


def test_the_configuration_that_a_command_line_shows_holds_no_secret(certificates: Certificates) -> None:
    settings = AggregatorSettings(
        kafka_security=sasl(),
        cassandra_security=CassandraSecurity(tls=True, certificates=certificates, username="u", password=HUSH),
    )
    assert HUSH not in str(spark_conf(settings).getAll())


@pytest.mark.parametrize("field", ["ca_file", "cert_file", "key_file"])
@pytest.mark.parametrize(
    "content", [None, b"\x00 garbage", b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(
    certificates: Certificates, tmp_path: Path, field: str, content: bytes | None
) -> None:
    file = tmp_path / "wrong.pem"
    if content is not None:
        file.write_bytes(content)
    wrong = attrs.evolve(certificates, **{field: str(file)})
    for use in (
        lambda: make_key_stores(wrong),
        lambda: security_properties(KafkaSecurity(protocol="SSL", certificates=wrong)),
    ):
        with pytest.raises(PemError, match=r"wrong\.pem (cannot be read|holds no)") as caught:
            use()
        assert "QUJD" not in str(caught.value)


def test_contradictions_are_refused(certificates: Certificates) -> None:
    with pytest.raises(ValueError, match="needs both"):
        Certificates(cert_file="client.pem")
    with pytest.raises(ValueError, match="has no TLS"):
        KafkaSecurity(protocol="SASL_PLAINTEXT", certificates=certificates)
    with pytest.raises(ValueError, match="has no SASL"):
        KafkaSecurity(protocol="SSL", username="u")
    with pytest.raises(ValueError, match="has no SASL"):
        KafkaSecurity(password=HUSH)
    with pytest.raises(ValueError, match="TLS is off"):
        CassandraSecurity(certificates=certificates)
    with pytest.raises(ValueError, match="a password is given, but no user"):
        CassandraSecurity(password=HUSH)
    with pytest.raises(ValueError, match="sasl_mechanism"):
        KafkaSecurity(protocol="SASL_SSL", sasl_mechanism="GSSAPI")


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (AggregatorSettings(), None),
        (AggregatorSettings(kafka_security=KafkaSecurity(protocol="SSL")), "true"),
        (AggregatorSettings(cassandra_security=CassandraSecurity(tls=True)), "true"),
    ],
)
def test_a_local_session_is_protected_where_its_connections_are(
    settings: AggregatorSettings, wanted: str | None
) -> None:
    conf = spark_conf(settings)
    for option in ("spark.authenticate", "spark.network.crypto.enabled", "spark.io.encryption.enabled"):
        assert conf.get(option) == wanted
