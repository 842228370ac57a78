"""The host names a server answers to: its defence against DNS rebinding.

A page elsewhere can point its own domain at this machine, and its scripts could then read this server as if it were their own. The browser still
sends the foreign name in the Host header, so the server refuses names it does not know. An IP address is safe: nobody can point it elsewhere.
"""

import ipaddress
import socket
from collections.abc import Collection


def host_name(host: str) -> str:
    """Return the name in a Host header in lower case, without port, brackets and final dot: `[::1]:8080` is `::1`."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")


class HostNames:
    """The names of one server: `localhost`, any IP address, this machine's own name, and those given."""

    def __init__(self, names: Collection[str] = ()) -> None:
        """Allow these names as well; they have no port."""
        self._names = {"localhost", socket.gethostname().lower(), *(name.lower().removesuffix(".") for name in names)}

    def allows(self, host: str) -> bool:
        """Return whether the server answers a request with this Host header."""
        name = host_name(host)
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
