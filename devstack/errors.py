"""The error that the dev stack raises for a person to read.

Its text names the problem and the remedy. The command line prints it without a traceback.
"""

from __future__ import annotations


class DevstackError(Exception):
    """The dev stack cannot do what was requested; the text says why."""
