"""Port: where the reports of days are stored."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Protocol

from domain.day_report import DayReport


class ReportStore(Protocol):
    """Stores reports by (day, symbol). Writing a report again replaces it: values are absolute, so a repeated run changes nothing."""

    def start(self) -> None:
        """Connect. Raise StoreError when the store cannot be reached."""
        ...

    def write(self, reports: Iterable[DayReport]) -> None:
        """Persist reports; after the return all of them are stored. After a StoreError any of them may be stored: write them again."""
        ...

    def read(self, day: date) -> Iterator[DayReport]:
        """Return the reports of a day, by symbol. Raise StoreError."""
        ...

    def close(self) -> None:
        """Release the connection. Closing twice is fine."""
        ...
