"""The one error that the dev stack raises for a person to read.

Its text names what is missing or in the way and what to do about it; the command line prints it without a traceback.
"""

from __future__ import annotations


class DevstackError(Exception):
    """Say why the dev stack cannot do what was asked."""
