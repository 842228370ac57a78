"""How nodes of Cassandra accept each other, compared with the secure dev stack, whose nodes are run by tests/secure/test_cluster.py."""

from typing import Any

import pytest
import yaml

from devstack.servers.cassandra_security import security_settings
from devstack.servers.secrets import Secrets

from .compose_files import FOLDER
from .overlays import OVERLAYS, named, overlay

WANTED = ("internode_encryption", "require_client_auth", "require_endpoint_verification")


def between_nodes(settings: dict[str, Any]) -> dict[str, object]:
    """Return what the settings of a node demand of its peers."""
    encryption = settings["server_encryption_options"]
    return {name: encryption[name] for name in WANTED}


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return what a node of the secure dev stack demands."""
    secrets = Secrets(folder=tmp_path_factory.mktemp("secrets"))
    secrets.make({"cassandra-1": "127.0.0.1"})
    return between_nodes(security_settings(secrets, "cassandra-1"))


def test_nodes_of_the_production_like_compose_file_accept_each_other(proven: dict[str, object]) -> None:
    assert between_nodes(yaml.safe_load((FOLDER / "secure" / "cassandra.yaml").read_text())) == proven


@pytest.mark.needs("kubectl")
@pytest.mark.parametrize("name", OVERLAYS)
def test_nodes_of_an_overlay_accept_each_other(proven: dict[str, object], name: str) -> None:
    cassandra = named(overlay(name), "K8ssandraCluster", "tapeline")["spec"]["cassandra"]
    assert between_nodes(cassandra["config"]["cassandraYaml"]) == proven


def test_the_superuser_of_the_compose_file_is_written_to_three_nodes() -> None:
    script = (FOLDER / "secure" / "cassandra-superuser.sh").read_text()
    assert script.index("'dc1': 3") < script.index("CREATE ROLE")
