"""Bounds what requests can cost: their size, their number at once, and the time until an answer.

1. No request of this server has a body, so a body is refused.
2. A request that exceeds the time limit is answered with 504. Its work may still run in a worker thread, and counts until it ends.
3. The stream of updates lasts, so it is exempt from number and time. The poller bounds the number of streams.
"""

import asyncio
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.web.error_response import error_response
from apps.web.limits import Limits

_BODY: Final = error_response(413, "body_refused", "requests have no body")
_TOO_LONG: Final = error_response(414, "address_too_long", "the path with its query is too long")
_BUSY: Final = error_response(
    503, "too_many_requests", "too many requests at once; try again", headers={"Retry-After": "1"}
)
_LATE: Final = error_response(504, "timeout", "the request took too long")


class RequestLimits:
    """Applies the limits to every request; `lasting` are the paths of streams."""

    def __init__(self, app: ASGIApp, limits: Limits, lasting: Collection[str] = ()) -> None:
        self._app = app
        self._limits = limits
        self._lasting = frozenset(lasting)
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it is within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _has_body(Headers(scope=scope)):
            await _BODY(scope, receive, send)
        elif len(scope.get("raw_path") or b"") + len(scope["query_string"]) > self._limits.max_address_bytes:
            await _TOO_LONG(scope, receive, send)
        elif scope["path"] in self._lasting:
            await self._app(scope, receive, send)
        elif len(self._running) >= self._limits.max_requests:
            await _BUSY(scope, receive, send)
        else:
            await self._run(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = is_late = False

        async def send_in_time(message: Message) -> None:
            nonlocal has_started
            if not is_late:
                has_started = True
                await send(message)

        async def call() -> None:
            await self._app(scope, receive, send_in_time)

        task = asyncio.create_task(call())
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            await asyncio.wait({task}, timeout=self._limits.timeout_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        # A late task is not cancelled: its worker thread would run on uncounted.
        is_late = not task.done()
        if not is_late:
            task.result()
        elif not has_started:
            await _LATE(scope, receive, send)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # An error after the time limit has no reader.


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip() != "0"
