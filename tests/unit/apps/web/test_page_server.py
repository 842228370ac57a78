"""The server of the page as a part of a program: its port, its start and its end."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from apps.web.server import PageServer, PageServerError, served_page
from tests.support.made_up_market import MadeUpMarket
from tests.support.timeouts import TIMEOUT_S, wait_until

STATIC = Path(__file__).parents[4] / "apps" / "web" / "static"


def test_it_takes_the_next_free_port_and_lets_go_of_it() -> None:
    with PageServer(MadeUpMarket().source(), port=0) as first:
        taken = int(first.url.rpartition(":")[2])
        with PageServer(MadeUpMarket().source(), port=taken) as second:
            assert second.url != first.url
            assert httpx.get(f"{second.url}/api/health").status_code == 200
    with socket.create_server(("127.0.0.1", taken)):
        pass


def test_a_page_that_cannot_be_served_is_a_word_to_the_program_beside_it() -> None:
    server = PageServer(MadeUpMarket().source(), host="no.such.host.invalid", port=0)
    with served_page(server) as text:
        assert "cannot be served on 'no.such.host.invalid'" in text
    with served_page(server, wanted=False) as text:
        assert text == ""
    with pytest.raises(PageServerError):
        _ = server.url


def test_closing_is_quick_even_before_it_has_begun_and_closing_twice_is_fine() -> None:
    server = PageServer(MadeUpMarket().source(), port=0)
    server.start(after_s=60)
    server.close()
    server.close()
    assert server.wait(0)


def test_without_its_packages_the_program_beside_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with served_page(PageServer(MadeUpMarket().source(), port=0)) as text:
        assert "install tapeline[web]" in text


def test_the_program_beside_it_starts_without_loading_the_web_framework() -> None:
    code = "import sys, apps.live; sys.exit(bool({'fastapi', 'starlette', 'uvicorn', 'cassandra', 'pyspark'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=STATIC.parents[2], check=False).returncode == 0


def test_a_server_whose_event_loop_hangs_is_stalled_until_it_runs_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.observability.health.STALLED_AFTER_S", 2.0)
    hang, hangs, goes_on = threading.Event(), threading.Event(), threading.Event()

    def symbols() -> tuple[str, ...]:
        if hang.is_set():
            hangs.set()
            goes_on.wait()
        return ("AAPL",)

    with PageServer(MadeUpMarket().source(symbols=symbols), port=0) as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        hang.set()
        assert hangs.wait(TIMEOUT_S)
        wait_until(lambda: server.stalled() != [], "a stalled server", TIMEOUT_S)
        goes_on.set()
        wait_until(lambda: server.stalled() == [], "a server that is alive again", TIMEOUT_S)
