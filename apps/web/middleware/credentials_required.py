"""Refuses requests without the right credentials, with 401: for the page, the read API, the documentation and the metrics alike."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.http_security.credentials import CHALLENGE, Credentials
from apps.web.error_response import error_response

# The challenge makes a browser ask its user: the password is the token, and the user name does not matter.
_REFUSAL: Final = error_response(
    401, "unauthorized", "a bearer token is required", headers={"WWW-Authenticate": CHALLENGE}
)


class CredentialsRequired:
    """Checks the Authorization header of every request."""

    def __init__(self, app: ASGIApp, credentials: Credentials) -> None:
        self._app = app
        self._credentials = credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its credentials are accepted."""
        is_accepted = scope["type"] != "http" or self._credentials.accept(Headers(scope=scope).get("authorization", ""))
        await (self._app if is_accepted else _REFUSAL)(scope, receive, send)
