"""The log of one partition of the memory broker: records by offset, appended at the end, removed from the start."""

from domain.record import TopicRecord


class PartitionLog:
    """The records of one partition: those with base <= offset < end."""

    def __init__(self) -> None:
        self.base = 0
        self.end = 0
        self.value_bytes = 0
        """Bytes of all values."""
        self._records: dict[int, TopicRecord] = {}

    def __len__(self) -> int:
        return self.end - self.base

    def append(self, record: TopicRecord) -> None:
        """Append a record whose offset is `end`."""
        self._records[self.end] = record
        self.value_bytes += len(record.value)
        self.end += 1

    def read(self, start: int, limit: int) -> list[TopicRecord]:
        """Return up to `limit` records from offset `start` on, which is not below `base`."""
        return [self._records[offset] for offset in range(start, min(self.end, start + limit))]

    def trim(self, offset: int) -> None:
        """Remove the records below an offset, which is not beyond `end`."""
        for removed in range(self.base, offset):
            self.value_bytes -= len(self._records.pop(removed).value)
        self.base = max(self.base, offset)
