"""The API key is part of the address, so it is sent to a server only after its certificate and its name were verified."""

from pathlib import Path

import pytest

from adapters.finnhub.websocket_feed import FinnhubFeed
from domain.feed import FeedEventKind
from tests.support.feeds import read_until, settings
from tests.support.impostors import FLAWS, Flaw, Impostor, impostor

# Python warns of the old versions of TLS, which one server here speaks.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")

WORDS = {
    "unknown authority": "unable to get local issuer certificate",
    "wrong host name": "certificate is not valid for '127.0.0.1'",
    "expired certificate": "certificate has expired",
    "certificate that is not valid yet": "certificate is not yet valid",
    "old TLS": "protocol version",
    "no TLS": "wrong version number",
}


def why_lost(server: Impostor, monkeypatch: pytest.MonkeyPatch) -> str:
    """Connect once, trusting the authority of the impostor, and return why there is no connection."""
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(server.ca_file))
    feed = FinnhubFeed(settings(f"wss://127.0.0.1:{server.port}"))
    feed.start()
    try:
        return str(read_until(feed, FeedEventKind.DISCONNECTED)[-1])
    finally:
        feed.close()


@pytest.mark.parametrize("flaw", FLAWS)
def test_no_key_is_sent_to_a_server_with(flaw: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with impostor(FLAWS[flaw], tmp_path) as server:
        assert WORDS[flaw] in why_lost(server, monkeypatch)
    assert server.accepted == []


def test_a_server_without_a_flaw_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with impostor(Flaw(), tmp_path) as server:
        assert "SSL" not in why_lost(server, monkeypatch)
    assert server.accepted == ["TLSv1.3"]
