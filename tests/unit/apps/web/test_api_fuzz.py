"""The read API against its own OpenAPI: whatever a client sends, the answer is one that the description names, and never a server error."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adapters.memory.event_store import MemoryEventStore
from apps.web.page_source import Horizon
from apps.web.server import PageServer
from domain.window import partition_day
from tests.support.made_up_market import MadeUpMarket

PATHS = ("/api/candles", "/api/gaps", "/api/trades", "/api/symbols", "/api/reports", "/api/health")
TIMEOUT_S = 60
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


class StrictStore:
    """A store that, like Cassandra, can read only what its columns can hold: 32-bit windows, days of the calendar, UTF-8 symbols."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def read(self, symbol: str, start_ms: int, end_ms: int, *window_ms: int) -> Any:
        symbol.encode()
        for length_ms in window_ms:
            length_ms.to_bytes(4, signed=True)
        partition_day(start_ms)
        partition_day(end_ms)
        return self._inner.read(symbol, start_ms, end_ms, *window_ms)


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    market = MadeUpMarket(("AAPL", "BINANCE:BTCUSDT"))
    market.make_history(30)
    source = market.source(
        horizon=Horizon(),
        candles=StrictStore(market.candles),
        trades=StrictStore(market.trades),
        events=StrictStore(MemoryEventStore()),
    )
    with PageServer(source, port=0) as server:
        yield server


@pytest.fixture(scope="module")
def api(server: PageServer) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{server.url}/api/openapi.json")


def test_every_path_is_tried_but_the_stream_that_never_ends(api: BaseSchema) -> None:
    assert set(api) == {*PATHS, "/api/stream"}


# Paths without parameters have no wrong ones.
CASES = [
    *((path, GenerationMode.POSITIVE) for path in PATHS),
    *((path, GenerationMode.NEGATIVE) for path in PATHS[:3]),
]


@pytest.mark.parametrize(("path", "mode"), CASES)
def test_no_request_is_a_server_error_or_has_an_answer_that_is_not_described(
    api: BaseSchema, path: str, mode: GenerationMode
) -> None:
    @given(case=api[path]["GET"].as_strategy(generation_mode=mode))
    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=list(CHECKS), timeout=TIMEOUT_S)

    check()


# The description says that a time is text; these are texts that are nearly times, and cursors that are nearly ours.
lengths = st.builds("{}{}".format, st.integers(0, 10**12), st.sampled_from(["ms", "s", "m", "h", "d"]))
times = st.one_of(
    lengths,
    st.just("now"),
    st.integers(-1, 10**16).map(str),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.dates().map(str),
)
integers = st.integers(-(1 << 70), 1 << 70) | st.integers(1_500_000_000_000, 1_900_000_000_000)
cursors = st.tuples(
    st.sampled_from(["candles", "trades", "gaps"]),
    st.sampled_from(["AAPL", "\x00"]),
    integers,
    integers,
    integers,
    st.text(),
).map(lambda values: base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("="))
queries = st.fixed_dictionaries(
    {"symbol": st.sampled_from(["AAPL", "\x00"]) | st.text(max_size=100)},
    optional={
        "from": times,
        "to": times,
        "window": lengths,
        "limit": st.integers(0, 5_001).map(str),
        "cursor": cursors,
        "as_of": times,
    },
)
NAMES = {
    "/api/candles": {"symbol", "from", "to", "window", "limit", "cursor", "as_of"},
    "/api/trades": {"symbol", "from", "to", "limit", "cursor"},
    "/api/gaps": {"symbol", "from", "to"},
}


@pytest.mark.parametrize("path", NAMES)
def test_a_request_that_is_nearly_right_is_answered_or_refused_with_a_reason(server: PageServer, path: str) -> None:
    statuses = set()
    with httpx.Client(base_url=server.url, timeout=TIMEOUT_S) as client:

        @given(query=queries)
        @settings(max_examples=150, deadline=None)
        def check(query: dict[str, str]) -> None:
            answer = client.get(path, params={name: value for name, value in query.items() if name in NAMES[path]})
            statuses.add(answer.status_code)
            assert answer.status_code == 200 or answer.json()["error"]["message"], answer.text
            assert answer.status_code in {200, 400, 414}, answer.text

        check()
    assert {200, 400} <= statuses
