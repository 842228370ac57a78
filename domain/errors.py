"""The base of every error that tapeline raises on purpose.

A bad trade is not an error: it is a `Rejection` value. What raises is a wrong setting, a server that is away, or a bug.
"""


class TapelineError(Exception):
    """Base of all errors raised by tapeline itself."""
