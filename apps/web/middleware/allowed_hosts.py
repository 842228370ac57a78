"""Refuses requests for a host name that is not this server's, with 421."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.http_security.host_names import HostNames
from apps.web.error_response import error_response

_REFUSAL: Final = error_response(
    421, "wrong_host", "this server does not answer to this host name; the setting web.allowed_hosts adds names"
)


class AllowedHosts:
    """Checks the Host header of every request."""

    def __init__(self, app: ASGIApp, names: HostNames) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its Host header is allowed."""
        is_allowed = scope["type"] != "http" or self._names.allows(Headers(scope=scope).get("host", ""))
        await (self._app if is_allowed else _REFUSAL)(scope, receive, send)
