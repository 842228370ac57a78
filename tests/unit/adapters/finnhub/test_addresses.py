"""Which addresses and API keys the settings accept."""

import pytest

from adapters.finnhub.websocket_feed import FinnhubFeed
from ports.errors import KeyRefusedError
from tests.support.feeds import settings


def test_the_real_finnhub_requires_a_key() -> None:
    feed = FinnhubFeed(settings("wss://ws.finnhub.io", token=""))
    with pytest.raises(KeyRefusedError, match="requires an API key"):
        feed.start()
    feed.close()


@pytest.mark.parametrize("url", ["http://x", "wss://", "finnhub", "wss://x?token=abc", "wss://user:abc@x"])
def test_a_wrong_address_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ValueError, match="url") as caught:
        settings(url)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "ws://ws.finnhub.io",
        "ws://10.0.0.1:8080",
        "ws://simulator:8080",
        "ws://127.0.0.1.example.com",
        "ws://[2001:db8::1]",
    ],
)
def test_the_token_never_leaves_this_machine_in_clear(url: str) -> None:
    with pytest.raises(ValueError, match="wss:// is required"):
        settings(url)
    assert settings(url.replace("ws://", "wss://")).url.startswith("wss://")


@pytest.mark.parametrize("url", ["ws://localhost:1", "ws://127.0.0.1:1", "ws://127.8.9.1", "ws://[::1]:1"])
def test_a_server_on_this_machine_needs_no_tls(url: str) -> None:
    assert settings(url).url == url


@pytest.mark.parametrize(
    ("host", "is_real"),
    [
        ("ws.finnhub.io", True),
        ("WS.FINNHUB.IO", True),
        ("ws.finnhub.io.", True),
        ("finnhub.io", True),
        ("evilfinnhub.io", False),
        ("finnhub.io.example.com", False),
        ("finnhub.iot", False),
    ],
)
def test_only_finnhubs_own_hosts_are_finnhub(host: str, is_real: bool) -> None:
    assert settings(f"wss://{host}").is_real is is_real
