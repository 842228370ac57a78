"""Updates as server-sent events: first a `snapshot`, then a `tick` for each poll with the changed candles and the health.

The id of an event is `<epoch>-<revision>`. A browser that reconnects sends the last id, and gets the candles changed since then as a `tick`. If that is
not possible, after a restart of the server or a long absence, it gets a `snapshot`.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from domain.candle import Candle
from domain.decimals import plain

from .api import ERRORS, current_health, poller_of
from .poller import Poller
from .schemas.candles import candle_out
from .schemas.symbols import symbol_out

RETRY_MS: Final = 1_000
"""How long a browser waits before it reconnects."""
_ID: Final = re.compile(r"([0-9a-f]{1,32})-([0-9]{1,15})", re.ASCII)

router = APIRouter(prefix="/api", responses=ERRORS)


@router.get(
    "/stream",
    summary="Updates as server-sent events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events `snapshot` and `tick`, data in JSON"}
    },
)
async def stream(
    request: Request,
    last_event_id: Annotated[str, Header(max_length=64)] = "",
    after: Annotated[str, Query(max_length=64, description="The same as the header Last-Event-ID")] = "",
) -> StreamingResponse:
    """Return the stream of updates."""
    poller = poller_of(request)
    # Checked here as well, so that a refusal has a status code.
    poller.check_room()
    return StreamingResponse(
        events(poller, last_event_id or after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def events(poller: Poller, last_id: str) -> AsyncIterator[str]:
    """Yield the events after `last_id` as text, until cancelled."""
    with poller.subscribe() as queue:
        yield f"retry: {RETRY_MS}\n\n"
        match = _ID.fullmatch(last_id)
        missed = None if match is None else poller.latest.changed_since(match[1], int(match[2]))
        yield _snapshot(poller) if missed is None else _tick(poller, missed)
        while True:
            update = await queue.take()
            yield _snapshot(poller) if update.reset else _tick(poller, update.candles)


def _snapshot(poller: Poller) -> str:
    source, latest = poller.source, poller.latest
    data = {
        "title": source.title,
        "window_ms": source.window_ms,
        "lateness_ms": source.lateness_ms,
        "is_recording": source.is_recording,
        "symbols": [
            {
                **symbol_out(symbol, latest, source.lateness_ms).model_dump(mode="json"),
                "history": [[candle.window_start_ms, plain(candle.close)] for candle in latest.history(symbol)],
            }
            for symbol in poller.symbols
        ],
        "health": _health(poller),
    }
    return _event(poller, "snapshot", data)


def _tick(poller: Poller, candles: Iterable[Candle]) -> str:
    data = {
        "candles": [candle_out(candle).model_dump(mode="json", exclude={"status"}) for candle in candles],
        "health": _health(poller),
    }
    return _event(poller, "tick", data)


def _health(poller: Poller) -> Any:
    return current_health(poller).model_dump(mode="json")


def _event(poller: Poller, kind: str, data: dict[str, Any]) -> str:
    text = json.dumps(data, separators=(",", ":"))
    return f"id: {poller.latest.epoch}-{poller.latest.revision}\nevent: {kind}\ndata: {text}\n\n"
