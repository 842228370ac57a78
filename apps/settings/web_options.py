"""Where and how the live page is served, shared by the programs that serve it."""

from pathlib import Path
from typing import Final

import attrs
import typed_settings as ts

from apps.http_security.endpoint_security import EndpointSecurity

from .endpoint_options import FILE, check_pair, endpoint_security
from .options import comma_list

WEB_TOKEN: Final = "TAPELINE_WEB_TOKEN"  # noqa: S105 - the name of a variable


def _positive(_instance: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(f"{attribute.name}: a positive number of seconds, not {value}")


def _port(_instance: object, _attribute: object, value: int) -> None:
    if not 0 <= value <= 65_535:
        raise ValueError(f"--web-port: a port from 1 to 65535, or 0 for any, not {value}")


@attrs.frozen(kw_only=True)
class WebOptions:
    """The live page."""

    host: str = ts.option(
        default="127.0.0.1",
        help="Address to serve the page on; set a token and TLS before you open it to other machines",
    )
    port: int = ts.option(
        default=8080, validator=_port, help="Port of the page, or the next one that is free; 0 for any"
    )
    allowed_hosts: tuple[str, ...] = comma_list(
        (),
        "More host names of the page; localhost, IP addresses and this machine's name need not be given",
        metavar="NAME,NAME,...",
    )
    token_file: Path | None = ts.option(
        default=None,
        help=f"Serve the page and the read API only with the bearer token in this file; or set {WEB_TOKEN}",
        click=FILE,
    )
    tls_cert_file: Path | None = ts.option(
        default=None, help="Serve the page by TLS with this certificate chain, PEM", click=FILE
    )
    tls_key_file: Path | None = ts.option(default=None, help="Private key of that certificate, PEM", click=FILE)
    poll_s: float = ts.option(
        default=0.5, validator=_positive, help="Interval of the reads of the store for the page [seconds]"
    )
    stale_after_s: float = ts.option(
        default=30.0,
        validator=_positive,
        help="Time without a newer trade after which the data counts as stale [seconds]",
    )

    max_requests: int = ts.option(
        default=64, validator=attrs.validators.ge(1), help="Requests that may run at once; more are answered with 503"
    )
    request_timeout_s: float = ts.option(
        default=30.0, validator=_positive, help="Time after which a request is answered with 504 [seconds]"
    )
    max_pages: int = ts.option(
        default=200, validator=attrs.validators.ge(1), help="Pages that may be open; each receives a stream of updates"
    )

    def __attrs_post_init__(self) -> None:
        check_pair("web", self.tls_cert_file, self.tls_key_file)

    def security(self) -> EndpointSecurity:
        """Read the secrets, and return how the page is protected. Raise TapelineError if a secret cannot be used."""
        return endpoint_security(
            variable=WEB_TOKEN, token_file=self.token_file, cert_file=self.tls_cert_file, key_file=self.tls_key_file
        )
