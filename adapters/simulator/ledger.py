"""The ledger of the messages sent, for tests that compare it with what arrived.

An entry is written when the server passes the bytes to the operating system. When the connection is cut just then, it is unknown how many of them
arrived: the messages that arrived are a prefix of each connection's entries.
"""

import base64
import io
import json
import threading
from collections import deque
from pathlib import Path

import attrs


@attrs.frozen
class LedgerEntry:
    """One message as sent. Pings and errors are not entered."""

    connection: int
    """Connections are numbered from 1."""
    sent_ms: int
    kind: str
    """`trade`, `garbage`, `other` or `raw`."""
    copy: int
    """1, and 2 or 3 for a redelivery of the same frame."""
    payload: bytes

    def to_json(self) -> str:
        """Return the entry as one line of JSON; a payload that is not UTF-8 is written as base64."""
        record: dict[str, object] = {
            "connection": self.connection,
            "sent_ms": self.sent_ms,
            "kind": self.kind,
            "copy": self.copy,
        }
        try:
            record["payload"] = self.payload.decode()
        except UnicodeDecodeError:
            record["payload_base64"] = base64.b64encode(self.payload).decode()
        return json.dumps(record)


def read_ledger(path: Path) -> list[LedgerEntry]:
    """Return the entries that a `Ledger` wrote to a file."""
    entries = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            encoded = record.get("payload_base64")
            payload = base64.b64decode(encoded) if encoded is not None else record["payload"].encode()
            entries.append(
                LedgerEntry(record["connection"], record["sent_ms"], record["kind"], record["copy"], payload)
            )
    return entries


class Ledger:
    """The newest entries in memory, and all entries in a file if one is given. May be used from any thread."""

    def __init__(self, *, limit: int, path: Path | None = None) -> None:
        self._path = path
        self._limit = limit
        self._file: io.TextIOWrapper | None = None
        self._lock = threading.Lock()
        self._entries: deque[LedgerEntry] = deque(maxlen=limit)
        self.frames = 0
        """How many messages were sent in all."""

    def open(self) -> None:
        """Open the file, and empty it. Raise OSError."""
        if self._path is not None:
            self._file = self._path.open("w", encoding="utf-8")

    def add(self, entry: LedgerEntry) -> None:
        """Enter one message."""
        with self._lock:
            self.frames += 1
            if self._limit:
                self._entries.append(entry)
            if self._file is not None:
                self._file.write(entry.to_json() + "\n")

    def entries(self, kind: str | None = None) -> list[LedgerEntry]:
        """Return the entries in memory, the oldest first; only those of a kind, if one is given."""
        with self._lock:
            return [entry for entry in self._entries if kind is None or entry.kind == kind]

    def flush(self) -> None:
        """Write buffered entries to the file."""
        with self._lock:
            if self._file is not None:
                self._file.flush()

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
