"""Settings that cannot be right are refused, and what is secret is not shown."""

import pytest

from adapters.cassandra.replication import Replication
from adapters.cassandra.settings import CassandraSettings


@pytest.mark.parametrize("keyspace", ["", "Tape", "1st", "tape-line", "t; DROP", 't"', "t" * 49, "tä", "t\n"])
def test_a_keyspace_is_an_identifier(keyspace: str) -> None:
    with pytest.raises(ValueError, match="keyspace"):
        CassandraSettings(keyspace=keyspace)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hosts", ()), ("port", 0), ("port", 65536), ("consistency", "local"), ("local_dc", ""), ("max_in_flight", 0), ("request_timeout_s", 0)],
)  # fmt: skip
def test_values_that_cannot_be_right_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        CassandraSettings(**{name: value})  # type: ignore[arg-type]


def test_one_text_is_no_list_of_hosts() -> None:
    with pytest.raises(TypeError, match="hosts"):
        CassandraSettings(hosts="127.0.0.1")


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(CassandraSettings(username="tape", password="hunter2"))  # noqa: S106 - a made-up one


def test_dev_keeps_one_copy() -> None:
    assert Replication.dev().cql() == "{'class': 'SimpleStrategy', 'replication_factor': '1'}"


def test_production_keeps_copies_in_each_data_centre() -> None:
    replication = Replication.production({"dc1": 3, "eu-west_2": 2})
    assert replication.cql() == "{'class': 'NetworkTopologyStrategy', 'dc1': '3', 'eu-west_2': '2'}"


@pytest.mark.parametrize("centres", [{}, {"dc1": 0}, {"": 3}, {"dc'1": 3}, {"dc 1": 3}])
def test_data_centres_that_cannot_be_right_are_refused(centres: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"data cent|copy"):
        Replication.production(centres)
