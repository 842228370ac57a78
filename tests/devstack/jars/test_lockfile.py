"""The committed lock file: complete, verifiable, and without jars that PySpark ships."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devstack.jars.lockfile import LOCK_FILE, Jar, read_lock, write_lock
from devstack.jars.resolve import ROOTS, pyspark_artifacts

LOCK = read_lock()


def test_the_lock_has_the_groups_that_the_roots_name() -> None:
    assert LOCK.keys() == ROOTS.keys() == {"kafka", "cassandra", "spark", "jmx"}


@pytest.mark.parametrize("group", LOCK)
def test_every_root_is_in_its_group_at_its_version(group: str) -> None:
    assert set(ROOTS[group]) <= {jar.coordinate for jar in LOCK[group]}


@pytest.mark.parametrize("group", LOCK)
def test_every_jar_has_a_coordinate_a_sha256_and_a_size(group: str) -> None:
    for jar in LOCK[group]:
        assert re.fullmatch(r"[\w.-]+(:[\w.-]+){2,3}", jar.coordinate)
        assert re.fullmatch(r"[0-9a-f]{64}", jar.sha256)
        assert jar.size > 0


@pytest.mark.parametrize("group", LOCK)
def test_no_class_path_contains_a_library_twice(group: str) -> None:
    without_version = [re.sub(r"^([^:]+:[^:]+):[^:]+", r"\1", jar.coordinate) for jar in LOCK[group]]
    assert len(without_version) == len(set(without_version))


def test_the_group_spark_has_no_jar_that_pyspark_ships() -> None:
    shipped = pyspark_artifacts()
    assert {"scala-library", "slf4j-api", "hadoop-client-api", "snappy-java"} <= shipped
    assert not shipped & {jar.artifact for jar in LOCK["spark"]}


def test_the_path_in_a_maven_repository_follows_from_the_coordinate() -> None:
    jar = Jar(coordinate="io.netty:netty-epoll:4.1.0.Final:linux-x86_64", sha256="0" * 64, size=1)
    assert jar.repository_path == "io/netty/netty-epoll/4.1.0.Final/netty-epoll-4.1.0.Final-linux-x86_64.jar"


def test_a_written_lock_is_read_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    write_lock({name: (ROOTS[name], jars) for name, jars in LOCK.items()}, path)
    assert read_lock(path) == LOCK
    assert path.read_text() == LOCK_FILE.read_text()
