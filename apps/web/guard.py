"""What every answer says to a browser: load nothing from elsewhere, be framed by nobody, guess no types, tell nobody where one came from.

Requests must name a host that is allowed: so a page elsewhere cannot read this one by pointing its own name at this machine.
"""

from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOGO_STYLE_HASH: Final = "sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY="
"""The one style that the charts' attribution logo brings by itself."""
HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self'; style-src 'self' '{LOGO_STYLE_HASH}'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def host_name(host: str) -> str:
    """Give a Host header's name without its port: `[::1]:8080` is `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


class Guard:
    """ASGI middleware, which does not buffer streams."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str] | None) -> None:
        """Guard the app; `allowed_hosts` are names without a port, None allows any."""
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                # Pages and data are asked for anew each time; what has not changed is answered by 304.
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/api/") else "no-cache")
            await send(message)

        app = self._app if self._is_allowed(Headers(scope=scope).get("host", "")) else _REFUSAL
        await app(scope, receive, send_guarded)

    def _is_allowed(self, host: str) -> bool:
        return self._allowed_hosts is None or host_name(host) in self._allowed_hosts


_REFUSAL: Final = JSONResponse({"error": {"code": "wrong_host", "message": "this name is not served here"}}, 421)
