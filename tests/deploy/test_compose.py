import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from adapters.kafka.topics import Profile
from apps.settings.metrics_options import AGGREGATOR_PORT, PRODUCER_PORT
from devstack.jars.lockfile import read_lock
from tests.support.needs import path_of

from .compose_files import FILES, FOLDER, compose, programs, services
from .overlays import ROOT
from .programs import settings_of, unknown_variables

PRODUCTION = "production-like"


@pytest.mark.parametrize("name", FILES)
def test_a_file_conforms_to_the_compose_specification(name: str) -> None:
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    assert [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(compose(name))] == []
    wrong = {**compose(name), "services": {"kafka": {"imagee": "x"}}}
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(wrong)) != []


@pytest.mark.parametrize("name", FILES)
def test_every_program_accepts_its_arguments_and_variables(name: str, tmp_path: Path) -> None:
    shared = set(compose(name)["x-program"]["environment"])
    read: set[str] = set()
    for service, (arguments, variables) in programs(name).items():
        settings_of(arguments, variables, tmp_path)
        unknown = unknown_variables(arguments, variables)
        # The shared variables include those that only the others read.
        assert unknown <= shared, service
        read |= set(variables) - unknown
    assert shared <= read
    rights = {"acls", "roles"} if name == PRODUCTION else set()
    assert set(programs(name)) == {"topics", "schema", "producer", "aggregator", "dashboard"} | rights


@pytest.mark.parametrize("name", FILES)
def test_programs_reach_servers_of_the_file_at_ports_that_they_listen_on(name: str, tmp_path: Path) -> None:
    for arguments, variables in programs(name).values():
        settings = settings_of(arguments, variables, tmp_path)
        if hasattr(settings, "kafka"):
            brokers = {f"{server}:{port}" for server, port in client_listeners(name).items()}
            assert set(settings.kafka.bootstrap_servers.split(",")) == brokers
        if hasattr(settings, "cassandra"):
            assert settings.cassandra.port == 9042
            assert set(settings.cassandra.hosts) == cassandra_addresses(name)


def client_listeners(name: str) -> dict[str, str]:
    """Return the port for clients of each broker, which it advertises under its own name."""
    found = {}
    for service, settings in services(name).items():
        if service.startswith("kafka") and "KAFKA_NODE_ID" in settings.get("environment", {}):
            advertised = settings["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")[0]
            listener, address, port = re.fullmatch(r"(\w+)://([\w-]+):(\d+)", advertised).groups()  # type: ignore[union-attr]
            assert address == service
            assert f"{listener}://:{port}" in settings["environment"]["KAFKA_LISTENERS"].split(",")
            found[service] = port
    return found


def cassandra_addresses(name: str) -> set[str]:
    nodes = {
        service: settings for service, settings in services(name).items() if re.fullmatch(r"cassandra(-\d)?", service)
    }
    return {
        settings["networks"]["tapeline"]["ipv4_address"] if "networks" in settings else service
        for service, settings in nodes.items()
    }


@pytest.mark.parametrize("name", FILES)
def test_prometheus_scrapes_the_ports_of_the_programs_and_of_the_exporters(name: str) -> None:
    targets = yaml.safe_load((FOLDER / f"targets.{name}.yml").read_text())
    ports = {"producer": PRODUCER_PORT, "aggregator": AGGREGATOR_PORT, "page": 8080, "kafka": 9404, "cassandra": 9504}
    scraped = set()
    for target in targets:
        ((address,), job) = target["targets"], target["labels"]["job"]
        service, _, port = address.partition(":")
        assert int(port) == ports[job]
        scraped.add(service)
        variables = services(name)[service]["environment"]
        if job in {"kafka", "cassandra"}:
            options = variables["KAFKA_OPTS" if job == "kafka" else "JVM_EXTRA_OPTS"]
            assert f"jmx_prometheus_javaagent.jar={port}:/etc/jmx/{job}.yaml" in options
    running = {
        one for one in services(name) if re.fullmatch(r"producer|aggregator|dashboard|kafka(-\d)?|cassandra(-\d)?", one)
    }
    assert scraped == running


@pytest.mark.parametrize("name", FILES)
def test_images_have_versions_and_servers_those_of_the_jar_lock(name: str) -> None:
    images = {settings["image"] for settings in services(name).values()}
    assert [image for image in images if not re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", image)] == []
    locked = {jar.coordinate for group in ("kafka", "cassandra") for jar in read_lock()[group]}
    (kafka,) = (image for image in images if "apache/kafka" in image)
    (cassandra,) = (image for image in images if "/cassandra:" in image)
    assert f"org.apache.kafka:kafka_2.13:{kafka.partition(':')[2]}" in locked
    assert f"org.apache.cassandra:cassandra-all:{cassandra.partition(':')[2]}" in locked


@pytest.mark.parametrize("name", FILES)
def test_every_service_has_limits_and_none_is_reached_from_other_machines(name: str) -> None:
    for service, settings in services(name).items():
        assert set(settings["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, service
        assert all(port.startswith("127.0.0.1:") for port in settings.get("ports", ())), service


@pytest.mark.parametrize("name", FILES)
def test_the_projects_containers_have_a_read_only_root_and_no_privileges(name: str) -> None:
    for service, settings in services(name).items():
        if "/tapeline" in settings["image"]:
            assert settings["read_only"] is True, service
            assert settings["cap_drop"] == ["ALL"], service
            assert settings["security_opt"] == ["no-new-privileges:true"], service
        assert settings.get("privileged") is None
        assert settings.get("user") not in {"0", "0:0", "root"}


@pytest.mark.parametrize("name", FILES)
def test_health_checks_order_the_start(name: str) -> None:
    started: dict[str, Any] = services(name)
    for service, settings in started.items():
        for other, condition in settings.get("depends_on", {}).items():
            ends = condition["condition"] == "service_completed_successfully"
            one_shot = str(started[other].get("restart", "")).startswith(("on-failure", "no"))
            assert ends == one_shot, (service, other)
            # An image of the project has a check of its own.
            assert ends or "healthcheck" in started[other] or "/tapeline" in started[other]["image"], (service, other)

    def before(service: str) -> set[str]:
        direct = set(started[service].get("depends_on", ()))
        return direct.union(*map(before, direct))

    assert {"topics"} <= before("producer")
    if name == PRODUCTION:
        assert {"acls", "roles"} <= before("aggregator")
    assert {"topics", "schema"} <= before("aggregator")
    assert {"schema"} <= before("dashboard")


@pytest.mark.parametrize("name", FILES)
def test_mounted_files_and_volumes_exist(name: str) -> None:
    for service, settings in services(name).items():
        for mount in settings.get("volumes", ()):
            source = mount.partition(":")[0]
            if source.startswith("."):
                assert (FOLDER / source).resolve().exists(), (service, source)
            else:
                assert source in compose(name)["volumes"], (service, source)


def test_the_production_like_file_has_the_replicas_of_the_production_profile() -> None:
    brokers = [services(PRODUCTION)[one]["environment"] for one in client_listeners(PRODUCTION)]
    assert len(brokers) == Profile.PRODUCTION.replicas
    for broker in brokers:
        assert broker["KAFKA_DEFAULT_REPLICATION_FACTOR"] == Profile.PRODUCTION.replicas
        assert broker["KAFKA_MIN_INSYNC_REPLICAS"] == Profile.PRODUCTION.min_in_sync
    assert len(cassandra_addresses(PRODUCTION)) == 3
    assert programs(PRODUCTION)["topics"][0] == ["admin", "topics", "--profile", "production"]
    assert programs(PRODUCTION)["schema"][0][-1] == "dc1:3"


def test_the_production_like_file_has_no_plaintext_listener_and_no_inline_secret(tmp_path: Path) -> None:
    for broker in client_listeners(PRODUCTION):
        protocols = services(PRODUCTION)[broker]["environment"]["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"]
        assert {one.partition(":")[2] for one in protocols.split(",")} == {"SASL_SSL", "SSL"}
    node = yaml.safe_load((FOLDER / "secure" / "cassandra.yaml").read_text())
    assert node["server_encryption_options"]["internode_encryption"] == "all"
    assert (node["client_encryption_options"]["enabled"], node["client_encryption_options"]["optional"]) == (
        True,
        False,
    )
    assert (node["authenticator"], node["authorizer"]) == ("PasswordAuthenticator", "CassandraAuthorizer")
    for service, settings in services(PRODUCTION).items():
        inline = [
            key
            for key in settings.get("environment", ())
            if re.search(r"PASSWORD|TOKEN", key) and not key.endswith("_FILE")
        ]
        assert inline == [], service
    for arguments, variables in programs(PRODUCTION).values():
        settings = settings_of(arguments, variables, tmp_path)
        assert settings.profile == "production"
        if hasattr(settings, "kafka"):
            assert settings.kafka.adapter().security.protocol == "SASL_SSL"
        if hasattr(settings, "cassandra"):
            assert settings.cassandra.adapter().tls


def test_each_secret_is_a_file_that_make_secrets_makes_and_a_service_uses() -> None:
    declared = {key: value["file"] for key, value in compose(PRODUCTION)["secrets"].items()}
    assert all(path == f"./secrets/{key}" for key, path in declared.items())
    used = {
        secret if isinstance(secret, str) else secret["source"]
        for settings in services(PRODUCTION).values()
        for secret in settings.get("secrets", ())
    }
    assert used == set(declared)
    for service, settings in services(PRODUCTION).items():
        mounted = {secret if isinstance(secret, str) else secret["target"] for secret in settings.get("secrets", ())}
        named = {
            str(value).rpartition("/")[2]
            for value in settings.get("environment", {}).values()
            if str(value).startswith("/run/secrets/")
        }
        assert named <= mounted, service


def test_the_aggregator_knows_the_names_of_the_nodes_that_their_certificates_have() -> None:
    services = compose(PRODUCTION)["services"]
    nodes = {name: service for name, service in services.items() if re.fullmatch(r"cassandra-\d", name)}
    assert services["aggregator"]["extra_hosts"] == [
        f"{name}:{node['networks']['tapeline']['ipv4_address']}" for name, node in nodes.items()
    ]


@pytest.mark.needs("openssl")
def test_make_secrets_makes_every_file_once_and_certificates_that_name_their_servers(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    shutil.copy(FOLDER / "make-secrets", script)
    folder = tmp_path / "secrets"

    def contents() -> dict[str, bytes]:
        done = subprocess.run([str(script)], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    made = contents()
    assert set(compose(PRODUCTION)["secrets"]) <= set(made)
    assert contents() == made
    assert made["kafka-producer"] == made["kafka-producer.program"]
    assert len({content for name, content in made.items() if name.startswith("kafka-") and "." not in name}) == 4
    assert [file.name for file in folder.iterdir() if file.stat().st_mode & 0o077 and file.name != "ca.crt"] == []
    for server, name in [
        ("kafka-2", "-verify_hostname kafka-2"),
        ("cassandra-3", "-verify_ip 172.30.7.13"),
        ("cassandra-3", "-verify_hostname cassandra-3"),
        ("cassandra-3", "-verify_hostname localhost"),
    ]:
        verify = [
            path_of("openssl"),
            "verify",
            "-x509_strict",  # as Python does from 3.13 on
            *name.split(),
            "-CAfile",
            str(folder / "ca.crt"),
            str(folder / f"{server}.pem"),
        ]
        assert subprocess.run(verify, capture_output=True, check=False).returncode == 0, server


def test_grafana_has_the_dashboards_and_the_variables_of_its_provisioning() -> None:
    provisioning = ROOT / "deploy" / "grafana" / "provisioning"
    wanted = {
        variable
        for file in provisioning.rglob("*.yaml")
        for line in file.read_text().splitlines()
        if not line.lstrip().startswith("#")
        for variable in re.findall(r"\$(TAPELINE_\w+)", line)
    }
    assert wanted == {key for key in services("dev")["grafana"]["environment"] if key.startswith("TAPELINE_")}
