"""Who wants to know how a publisher's client is doing."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class Observer(Protocol):
    """Told by the publisher, in the thread that uses it. What it raises ends what the publisher was doing: it should raise nothing."""

    def acknowledged(self, latencies_s: Iterable[float]) -> None:
        """Take how long records took from `publish` to the broker's word that they are kept; a wait for room in the buffer is left out."""
        ...

    def statistics(self, report: Mapping[str, Any]) -> None:
        """Take librdkafka's statistics (https://github.com/confluentinc/librdkafka/blob/master/STATISTICS.md), once a second."""
        ...
