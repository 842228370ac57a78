"""Where and how the live page is served, shared by the programs that serve it."""

import attrs
import typed_settings as ts

from .options import comma_list


def _positive(_instance: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(f"{attribute.name}: a positive number of seconds, not {value}")


def _port(_instance: object, _attribute: object, value: int) -> None:
    if not 0 <= value <= 65_535:
        raise ValueError(f"port: 0 for any, or up to 65535, not {value}")


@attrs.frozen(kw_only=True)
class WebOptions:
    """The live page."""

    host: str = ts.option(
        default="127.0.0.1", help="Address to serve the page on; it has no login, so think before you open it to others"
    )
    port: int = ts.option(
        default=8080, validator=_port, help="Port of the page, or the next one that is free; 0 for any"
    )
    allowed_hosts: tuple[str, ...] = comma_list(
        (),
        "More host names of the page; localhost, IP addresses and this machine's name need not be given",
        metavar="NAME,NAME,...",
    )
    poll_s: float = ts.option(default=0.5, validator=_positive, help="Read the store for the page so often [seconds]")
    stale_after_s: float = ts.option(
        default=30.0, validator=_positive, help="Call the data stale after so long without a newer trade [seconds]"
    )
