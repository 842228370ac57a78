"""The records of a publisher that are not acknowledged yet, and the counts of all that it has published.

The publisher keeps its records until they are acknowledged, because a producer that dies does not reliably return them.
"""

from ports.publisher import Deliveries

from .outgoing import Outgoing


class Undelivered:
    """Records by number, in the order of publishing. The first record has the number 1."""

    __slots__ = ("_failed", "published", "records")

    def __init__(self) -> None:
        self.records: dict[int, Outgoing] = {}
        """A delivery report deletes its record here, which counts it as acknowledged."""
        self.published = 0
        """The number of the newest record. `publish` counts it up and adds the record itself, which costs less than a call for each record."""
        self._failed = 0

    def __len__(self) -> int:
        return len(self.records)

    @property
    def acknowledged(self) -> int:
        """How many records were acknowledged."""
        return self.published - self._failed - len(self.records)

    def give_up(self, number: int) -> Outgoing:
        """Remove a record that will not be delivered, and return it."""
        self._failed += 1
        return self.records.pop(number)

    def give_up_all(self) -> int:
        """Remove all records, as none will be delivered; return how many there were."""
        given_up = len(self.records)
        self._failed += given_up
        self.records.clear()
        return given_up

    def deliveries(self) -> Deliveries:
        """Return what became of all records."""
        return Deliveries(
            acknowledged=self.acknowledged,
            failed=self._failed,
            pending=len(self.records),
            # The records are in order, so none before the first of them is pending.
            completed_prefix=next(iter(self.records), self.published + 1) - 1,
        )
