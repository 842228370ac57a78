"""A stack of servers under one name: ports, folder, processes, status."""

from .stack import Stack

__all__ = ["Stack"]
