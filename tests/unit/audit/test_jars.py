import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import attrs
import pytest

from audit.boms import jar_bom, purl, require_valid
from audit.jar_advisories import advisories, check_lock
from audit.licences import NOT_KNOWN, jar_licence, python_licence
from devstack.jars.lockfile import Jar, read_lock

JAR = Jar(coordinate="org.apache.kafka:kafka-clients:4.4.0", sha256="0a" * 32, size=5)
NATIVE = Jar(coordinate="io.netty:netty-transport:4.1.1.Final:linux-x86_64", sha256="0b" * 32, size=6)


@contextmanager
def advisory_service(answer: bytes, status: int = 200) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A server that gives one answer to every question, and the questions that it got."""
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_the_lock_of_jars_is_complete() -> None:
    jars = [jar for group in read_lock().values() for jar in group]
    assert check_lock(jars).problems == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0a"},
        {"size": 0},
        {"coordinate": "org.apache.kafka:kafka-clients:LATEST"},
        {"coordinate": "a:b:1-SNAPSHOT"},
    ],
)
def test_an_incomplete_entry_of_the_lock_is_a_problem(changes: dict[str, Any]) -> None:
    assert len(check_lock([JAR, attrs.evolve(JAR, **changes)]).problems) == 1


def test_an_advisory_is_a_problem_of_its_jar() -> None:
    with advisory_service(b'{"results":[{},{"vulns":[{"id":"GHSA-made-up"}]}]}') as (url, asked):
        found = advisories([JAR, NATIVE], url)
    assert (found.checked, found.not_checked) == (2, 0)
    assert found.problems == (f"{NATIVE.coordinate}: GHSA-made-up",)
    assert asked == [
        {
            "queries": [
                {"package": {"purl": "pkg:maven/org.apache.kafka/kafka-clients@4.4.0"}},
                {"package": {"purl": "pkg:maven/io.netty/netty-transport@4.1.1.Final"}},
            ]
        }
    ]


@pytest.mark.parametrize(
    ("answer", "status"), [(b"", 200), (b"{}", 200), (b"[]", 200), (b'{"results":[]}', 200), (b'{"results":[{}]}', 503)]
)
def test_without_a_whole_answer_no_jar_was_checked(answer: bytes, status: int) -> None:
    with advisory_service(answer, status) as (url, _):
        found = advisories([JAR], url)
    assert (found.checked, found.not_checked, found.problems) == (0, 1, ())
    assert found.why


def test_the_bill_of_materials_has_each_jar_once_with_its_hash_and_its_groups() -> None:
    components = jar_bom({"kafka": [JAR], "spark": [JAR, NATIVE]})["components"]
    assert isinstance(components, list)
    assert [component["purl"] for component in components] == [
        "pkg:maven/org.apache.kafka/kafka-clients@4.4.0?type=jar",
        "pkg:maven/io.netty/netty-transport@4.1.1.Final?classifier=linux-x86_64&type=jar",
    ]
    assert components[0]["hashes"] == [{"alg": "SHA-256", "content": JAR.sha256}]
    assert [entry["value"] for entry in components[0]["properties"]] == ["kafka", "spark"]


def test_the_bill_of_materials_is_valid() -> None:
    pytest.importorskip("cyclonedx.validation.json", reason="make audit installs the validator")
    document = jar_bom(read_lock())
    require_valid(json.dumps(document))
    with pytest.raises(ValueError, match="not valid"):
        require_valid(json.dumps({**document, "components": [{"name": "no type"}]}))


def test_purls_escape_what_is_no_part_of_a_name() -> None:
    assert "@1.0%2Bb" in purl(attrs.evolve(JAR, coordinate="g:a:1.0+b"))


POM = "<project><licenses><license><name>Apache-2.0</name></license></licenses></project>"


@pytest.mark.parametrize(
    ("files", "licence"),
    [
        ({"META-INF/maven/g/a/pom.xml": POM}, "Apache-2.0"),
        (
            {"META-INF/MANIFEST.MF": "A: b\r\nBundle-License: https://lice\r\n nces.example/MIT\r\n"},
            "https://licences.example/MIT",
        ),
        ({"META-INF/maven/g/a/pom.xml": POM, "META-INF/maven/g/b/pom.xml": POM}, NOT_KNOWN),
        ({"META-INF/MANIFEST.MF": "A: b\r\n"}, NOT_KNOWN),
    ],
)
def test_the_licence_of_a_jar_is_what_the_jar_states(files: dict[str, str], licence: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.jar", "w") as jar:
        for name, content in files.items():
            jar.writestr(name, content)
    assert jar_licence(tmp_path / "a.jar") == licence


def test_the_licence_of_what_is_not_here_is_not_known(tmp_path: Path) -> None:
    assert jar_licence(tmp_path / "absent.jar") == NOT_KNOWN
    assert python_licence("no-such-package-at-all") == (NOT_KNOWN, NOT_KNOWN)


def test_an_installed_package_states_its_licence() -> None:
    version, licence = python_licence("attrs")
    assert version[0].isdigit()
    assert licence == "MIT"
