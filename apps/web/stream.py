"""Updates as server-sent events: one `snapshot`, then a `tick` for each poll with the candles that changed and the health.

Each event's id is `<epoch>-<revision>`. A browser that comes back says the last one that it saw, and gets the candles changed since then as
`tick`; where that cannot be told (a restart, a long absence) it gets a `snapshot` and begins anew.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from domain.candle import Candle
from domain.decimals import plain

from .api import ERRORS, health_of, poller_of
from .models import candle_out, symbol_out
from .poller import Poller

RETRY_MS: Final = 1_000
"""How long a browser waits before it comes back."""
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
    """Follow the board."""
    poller = poller_of(request)
    # Here as well, so that one page too many is an answer and not a broken stream.
    poller.check_room()
    return StreamingResponse(
        follow(poller, last_event_id or after),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def follow(poller: Poller, last_id: str) -> AsyncIterator[str]:
    """Give the events, as text, until cancelled."""
    with poller.watch() as mailbox:
        yield f"retry: {RETRY_MS}\n\n"
        match = _ID.fullmatch(last_id)
        missed = None if match is None else poller.board.since(match[1], int(match[2]))
        yield _snapshot(poller) if missed is None else _tick(poller, missed)
        while True:
            mail = await mailbox.take()
            yield _snapshot(poller) if mail.reset else _tick(poller, mail.candles)


def _snapshot(poller: Poller) -> str:
    source, board = poller.source, poller.board
    data = {
        "title": source.title,
        "window_ms": source.window_ms,
        "lateness_ms": source.lateness_ms,
        "is_recording": source.is_recording,
        "symbols": [
            {
                **symbol_out(symbol, board, source.lateness_ms).model_dump(mode="json"),
                "history": [[candle.window_start_ms, plain(candle.close)] for candle in board.history(symbol)],
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
    return health_of(poller).model_dump(mode="json")


def _event(poller: Poller, kind: str, data: dict[str, Any]) -> str:
    text = json.dumps(data, separators=(",", ":"))
    return f"id: {poller.board.epoch}-{poller.board.revision}\nevent: {kind}\ndata: {text}\n\n"
