"""The health check of the images, beside a program that answers as it should and as it should not."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from .overlays import ROOT

CHECK = ROOT / "deploy" / "images" / "health.py"
PROXY = "http://127.0.0.1:9"
"""An address at which no proxy listens."""


@contextmanager
def program(status: int) -> Iterator[str]:
    """Answer each request to /healthz with this status, and yield the port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield str(server.server_port)
        finally:
            server.shutdown()
            thread.join()


def check(*ports: str) -> int:
    environment = {**os.environ, "http_proxy": PROXY, "HTTP_PROXY": PROXY, "no_proxy": "", "NO_PROXY": ""}
    return subprocess.run([sys.executable, str(CHECK), *ports], env=environment, check=False).returncode


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_a_container_is_healthy_if_its_program_says_so(status: int, code: int) -> None:
    with program(status) as port:
        assert check(port) == code


def test_one_of_the_ports_is_enough_and_none_is_too_few() -> None:
    with program(200) as port:
        assert check("9", port) == 0
    assert check("9") == 1
