"""The settings of a program's metrics endpoint: its address, and what happens if the port is in use."""

from typing import Any, Final

import typed_settings as ts

PRODUCER_PORT: Final = 9101
AGGREGATOR_PORT: Final = 9102


def metrics_port(usual: int | None) -> Any:
    """Declare the port. The default is the usual port, unless it is in use; a usual port of None means that the default is off."""
    if usual is None:
        return ts.option(default=0, validator=_is_port, help=_HELP.format("0: off"), click={"metavar": "PORT"})
    words = f"0: off  [default: {usual}, unless that is in use]"
    return ts.option(default=None, validator=_is_port, help=_HELP.format(words), click={"metavar": "PORT"})


def metrics_host() -> Any:
    """Declare the address to listen on."""
    return ts.option(
        default="127.0.0.1",
        help="Address of the metrics port; set a token and TLS before you open it to other machines",
    )


_HELP: Final = "Serve /metrics, /healthz and /readyz on this port; {}"


def _is_port(_instance: object, _attribute: object, value: int | None) -> None:
    if value is not None and not 0 <= value <= 65_535:
        raise ValueError(f"--metrics-port: a port, or 0 for none, not {value}")
