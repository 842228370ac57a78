"""What a publisher reports about its client."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class Observer(Protocol):
    """Called by the publisher, in the thread that uses it. Must not raise: an exception would end the call in progress."""

    def acknowledged(self, latencies_s: Iterable[float]) -> None:
        """Take the time from `publish` to the acknowledgement of some records (s), without a wait for room in the buffer."""
        ...

    def statistics(self, report: Mapping[str, Any]) -> None:
        """Take librdkafka's statistics (https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md), once a second."""
        ...
