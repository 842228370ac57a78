"""Download jars from a real HTTP server on loopback that breaks connections, sends wrong bytes and fails."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs
import pytest

from devstack.errors import DevstackError
from devstack.jars import fetch
from devstack.jars.lockfile import Jar

CONTENT = bytes(range(256)) * 2000


def jar(name: str, content: bytes = CONTENT) -> Jar:
    return Jar(coordinate=f"org.example:{name}:1.0", sha256=hashlib.sha256(content).hexdigest(), size=len(content))


@attrs.define
class Repository:
    """Serves CONTENT for every jar. `plan` holds the faults of a jar's next requests."""

    url: str
    plan: dict[str, list[str]] = attrs.field(factory=lambda: defaultdict(list))
    requests: list[str] = attrs.field(factory=list)

    def behave(self, handler: BaseHTTPRequestHandler) -> None:
        artifact = handler.path.split("/")[-3]
        self.requests.append(artifact)
        plan = self.plan[artifact]
        act = plan.pop(0) if plan else "serve"
        if act == "fail":
            handler.send_error(503)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        body = {"serve": CONTENT, "truncate": CONTENT[: len(CONTENT) // 2], "corrupt": CONTENT[::-1]}[act]
        handler.wfile.write(body)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.behave(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Repository(url=f"http://127.0.0.1:{server.server_port}/maven2")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("TAPELINE_MAVEN_REPOSITORY", served.url)
    monkeypatch.setenv("TAPELINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "RETRIES", 1)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_jars_are_complete_and_in_the_requested_order(repository: Repository) -> None:
    wanted = [jar(f"a{i}") for i in range(20)]
    paths = fetch.ensure(wanted, label="test")
    assert [path.name for path in paths] == [one.filename for one in wanted]
    assert all(path.read_bytes() == CONTENT for path in paths)


def test_a_cached_jar_is_requested_only_once(repository: Repository) -> None:
    first = fetch.ensure([jar("a")], label="test")
    assert fetch.ensure([jar("a")], label="test") == first
    assert repository.requests == ["a"]


@pytest.mark.parametrize("fault", ["truncate", "corrupt", "fail"])
def test_the_download_recovers_from_one_fault(repository: Repository, fault: str) -> None:
    repository.plan["a"] = [fault]
    (path,) = fetch.ensure([jar("a")], label="test")
    assert path.read_bytes() == CONTENT
    assert repository.requests == ["a", "a"]


@pytest.mark.parametrize(("fault", "word"), [("truncate", "network"), ("corrupt", "SHA-256"), ("fail", "503")])
def test_a_lasting_fault_names_the_jar_and_leaves_no_file(
    repository: Repository, tmp_path: Path, few_retries: None, fault: str, word: str
) -> None:
    repository.plan["a"] = [fault] * 10
    with pytest.raises(DevstackError, match=rf"a-1\.0\.jar.*{word}"):
        fetch.ensure([jar("a")], label="test")
    assert files(tmp_path / "cache") == []
    repository.plan["a"] = []
    (path,) = fetch.ensure([jar("a")], label="test")
    assert path.read_bytes() == CONTENT


def test_a_partial_file_under_the_final_name_is_downloaded_again(repository: Repository) -> None:
    (path,) = fetch.ensure([jar("a")], label="test")
    path.write_bytes(CONTENT[:100])
    assert fetch.ensure([jar("a")], label="test") == [path]
    assert path.read_bytes() == CONTENT


def test_a_cached_file_with_the_same_name_and_another_hash_is_not_used(
    repository: Repository, few_retries: None
) -> None:
    fetch.ensure([jar("a")], label="test")
    repository.plan["a"] = ["corrupt"]
    (path,) = fetch.ensure([jar("a", CONTENT[::-1])], label="test")
    assert path.read_bytes() == CONTENT[::-1]


def test_without_a_network_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_retries: None
) -> None:
    monkeypatch.setenv("TAPELINE_MAVEN_REPOSITORY", "http://127.0.0.1:9/")
    monkeypatch.setenv("TAPELINE_CACHE", str(tmp_path))
    with pytest.raises(DevstackError, match="check the network"):
        fetch.ensure([jar("a")], label="test")


def test_progress_is_plain_lines_outside_a_terminal(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    fetch.ensure([jar("a")], label="test")
    progress = capsys.readouterr().err
    assert progress.startswith("test: downloading 1 jars")
    assert "\r" not in progress
    assert "\x1b" not in progress
    fetch.ensure([jar("a")], label="test")
    assert capsys.readouterr().err == ""


def test_an_unknown_group_is_rejected_and_the_error_lists_the_groups() -> None:
    with pytest.raises(DevstackError, match="kafka, cassandra, spark"):
        fetch.classpath("zookeeper")
