"""A client of an HTTP endpoint on this machine, with TLS and a token where the endpoint asks for them."""

import ssl
import urllib.request
from http.client import HTTPResponse
from typing import cast

import attrs
from typed_settings import SecretStr


@attrs.frozen(kw_only=True)
class EndpointClient:
    """How an endpoint is asked; the default is neither TLS nor credentials."""

    tls: ssl.SSLContext | None = None
    token: SecretStr = attrs.field(default=SecretStr(""))
    _opener: urllib.request.OpenerDirector = attrs.field(init=False, repr=False, eq=False)

    @_opener.default
    def _make_opener(self) -> urllib.request.OpenerDirector:
        # No proxy stands between this machine and itself, whatever the environment says.
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if self.tls is not None:
            handlers.append(urllib.request.HTTPSHandler(context=self.tls))
        return urllib.request.build_opener(*handlers)

    @property
    def scheme(self) -> str:
        """`https` with TLS, `http` without."""
        return "http" if self.tls is None else "https"

    def open(self, url: str, timeout_s: float) -> HTTPResponse:
        """Send a GET request, and return the answer, which the caller closes. Raise OSError, ValueError, or HTTPError for another status than 200."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - an address of our own
        return cast("HTTPResponse", self._opener.open(request, timeout=timeout_s))
