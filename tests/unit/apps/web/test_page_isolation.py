"""The page and its API answer to their own host names, and load and serve nothing from elsewhere."""

import re
import socket
from pathlib import Path

import httpx

from apps.web.middleware.security_headers import LOGO_STYLE_HASH
from apps.web.server import PageServer
from tests.support.made_up_market import MadeUpMarket

STATIC = Path(__file__).parents[4] / "apps" / "web" / "static"


def test_every_answer_forbids_foreign_content_framing_and_guessing(client: httpx.Client) -> None:
    for path in ("/", "/style.css", "/js/main.js", "/api/symbols", "/api/candles", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_a_page_elsewhere_cannot_read_it_under_its_own_name(client: httpx.Client) -> None:
    for host, status in {
        "evil.example": 421,
        "localhost": 200,
        "[::1]:80": 200,
        "127.0.0.1:8080": 200,
        "": 421,
    }.items():
        assert client.get("/api/symbols", headers={"Host": host}).status_code == status, host


def test_the_page_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"""(?:src|<link[^>]*href)=["']?(?:https?:)?//""", page.text)
    for path in re.findall(r"""(?:src|<link[^>]*href)="([^"]+)\"""", page.text):
        assert client.get(f"/{path}").status_code == 200, path
    assert "javascript" in client.get("/js/main.js").headers["content-type"]


def test_nothing_outside_the_static_folder_is_served(client: httpx.Client) -> None:
    for path in ("/../app.py", "/%2e%2e/app.py", "/js/..%2f..%2fapp.py", "/vendor"):
        assert client.get(path).status_code == 404, path


def test_the_policy_allows_just_the_style_that_the_logo_brings() -> None:
    import base64  # noqa: PLC0415
    import hashlib  # noqa: PLC0415

    script = (STATIC / "vendor" / "lightweight-charts.js").read_text(encoding="utf-8")
    [style] = re.findall(r'innerText="(a#tv-attr-logo[^"]*)"', script)
    assert f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}" == LOGO_STYLE_HASH


def test_on_every_address_a_name_of_somebody_else_is_refused() -> None:
    source = MadeUpMarket().source()
    with PageServer(source, host="0.0.0.0", port=0, allowed_hosts=["Prices.example"]) as server:  # noqa: S104
        port = server.url.rpartition(":")[2]
        for host, status in {
            "evil.example": 421,
            "127.0.0.1.evil.example": 421,
            "": 421,
            "localhost": 200,
            f"localhost.:{port}": 200,
            "127.0.0.1": 200,
            # An address cannot be bound to another machine, as a name can.
            "192.0.2.7:8080": 200,
            f"[::1]:{port}": 200,
            f"{socket.gethostname()}:{port}": 200,
            "prices.EXAMPLE:443": 200,
        }.items():
            assert httpx.get(f"{server.url}/api/symbols", headers={"Host": host}).status_code == status, host
