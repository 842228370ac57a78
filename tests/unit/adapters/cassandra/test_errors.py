"""Errors and log lines say what to do, and nothing that is secret; nothing needs a server here, because none is there."""

import logging
import socket
import time
from collections.abc import Iterator

import pytest
import structlog
from cassandra import AuthenticationFailed, InvalidRequest, OperationTimedOut, Unauthorized
from cassandra.cluster import NoHostAvailable
from cassandra.protocol import UnauthorizedErrorMessage

from adapters.cassandra.candle_store import CassandraCandleStore
from adapters.cassandra.driver_log import quiet_driver_log
from adapters.cassandra.errors import store_error
from adapters.cassandra.session import CassandraSession
from adapters.cassandra.settings import CassandraSettings
from adapters.cassandra.trade_store import CassandraTradeStore
from ports.errors import StoreError
from tests.contract.stores import make_trade
from tests.support.free_ports import free_port

SETTINGS = CassandraSettings(hosts=("10.0.0.1", "10.0.0.2"), username="tape", password="hunter2")  # noqa: S106 - made up


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=20) as server:
        yield server.getsockname()[1]


NO_ACCESS = UnauthorizedErrorMessage(0x2100, "You do not have access from this IP 127.0.0.1", None)
"""What each request gets of a user whom the CIDR authorizer refuses."""
NOT_CHECKED = AuthenticationFailed('code=0100 [Bad credentials] message="Unable to perform authentication: …"')


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoHostAvailable("no", {"a": OSError("refused")}), "10.0.0.1,10.0.0.2, port 9042 is not reachable"),
        (NoHostAvailable("no", {"a": AuthenticationFailed("bad")}), "refused the user name or password"),
        (AuthenticationFailed("bad"), "refused the user name or password"),
        (NoHostAvailable("no", {"a": NOT_CHECKED}), "is not reachable (code=0100"),
        (NoHostAvailable("no", {"a": NO_ACCESS}), "port 9042 refused the user 'tape': <Error from server"),
        (NoHostAvailable("no", {"a": NO_ACCESS.to_exception()}), "You do not have access from this IP 127.0.0.1"),
        (Unauthorized("no SELECT permission"), "refused the user 'tape': no SELECT permission"),
        (InvalidRequest("Keyspace 'tapeline' does not exist"), "apply the schema first"),
        (InvalidRequest("unconfigured table trades_v2"), "apply the schema first"),
        (OperationTimedOut(), "did not answer within 10 s"),
    ],
)
def test_an_error_says_where_and_what_to_do(error: Exception, words: str) -> None:
    text = str(store_error(SETTINGS, "writing trades", error))
    assert text.startswith("writing trades failed: ")
    assert words in text
    assert "hunter2" not in text


def test_a_server_that_is_not_there_is_said_at_once() -> None:
    port = free_port()
    begun = time.monotonic()
    with pytest.raises(StoreError, match=rf"127\.0\.0\.1, port {port} is not reachable"):
        CassandraTradeStore(CassandraSettings(port=port)).start()
    assert time.monotonic() - begun < 5


def test_a_server_that_never_answers_is_given_up_in_time(silent_port: int) -> None:
    begun = time.monotonic()
    with pytest.raises(StoreError, match="not reachable"):
        CassandraTradeStore(CassandraSettings(port=silent_port, connect_timeout_s=2)).start()
    assert time.monotonic() - begun < 8


def test_a_name_that_nobody_knows_is_said() -> None:
    with pytest.raises(StoreError, match=r"none of these hosts is known.*no-such-host\.invalid"):
        CassandraTradeStore(CassandraSettings(hosts=("no-such-host.invalid",))).start()


def test_a_failed_start_can_be_tried_again_and_closed() -> None:
    store = CassandraCandleStore(CassandraSettings(port=free_port()))
    for _ in range(2):
        with pytest.raises(StoreError):
            store.start()
    store.close()
    store.close()


def test_a_store_that_was_not_started_says_so() -> None:
    trades, candles = CassandraTradeStore(SETTINGS), CassandraCandleStore(SETTINGS)
    for use in (
        lambda: trades.write([make_trade("A")]),
        lambda: trades.read("A", 0, 1),
        lambda: candles.write([]),
        lambda: candles.read("A", 0, 1, 60_000),
        lambda: CassandraSession(SETTINGS).driver,
    ):
        with pytest.raises(StoreError, match="start"):
            use()


def test_the_driver_repeats_itself_in_one_line_only() -> None:
    quiet_driver_log()
    with structlog.testing.capture_logs() as lines:
        for n in range(100):
            logging.getLogger("cassandra.pool").warning("cannot reach %s\nTraceback …", n, exc_info=OSError("x"))
        logging.getLogger("cassandra.pool").info("hello")
    assert [line["text"] for line in lines] == ["cannot reach 0"]
