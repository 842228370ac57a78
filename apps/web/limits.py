"""What requests to one server of the page may cost. The web framework is not needed to set it."""

import attrs


@attrs.frozen(kw_only=True)
class Limits:
    """Limits of one server."""

    max_requests: int = 64
    """Largest number of requests at once."""
    timeout_s: float = 30.0
    """Longest time of a request. The store's own time limits are shorter."""
    max_address_bytes: int = 4096
    """Largest size of path and query."""
