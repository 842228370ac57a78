"""Ports on which nothing listens, and which the kernel gives to no connection and to no server that lets it choose: those are above 32,767 on Linux."""

import random
from typing import Final

from devstack.stack.ports import is_free

_PORTS: Final = range(20_000, 30_000)
_RANDOM: Final = random.SystemRandom()
"""Tests that run side by side have other numbers each, whatever seed their worker has."""


def free_port(*hosts: str) -> int:
    """Return a port that is free on each of these addresses, by default on 127.0.0.1."""
    while True:
        port = _RANDOM.choice(_PORTS)
        if all(is_free(host, port) for host in hosts or ("127.0.0.1",)):
            return port
