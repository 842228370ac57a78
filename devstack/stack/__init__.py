"""A stack: named servers with their ports, folder, processes and status."""

from .stack import Stack

__all__ = ["Stack"]
