"""Changes of the watchlist, written to its topic.

Each part of the list is a partition of the topic. A new symbol goes to the partition with the fewest symbols, which keeps the instances' shares even;
so the whole list is read first. Two users who add the same symbol at the same moment may choose different partitions: each reads the list again
after writing, and removes the symbol from all partitions but the lowest.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from adapters.system_clock import system_clock
from domain.validation import is_symbol
from domain.watchlist import Book, Entry, encode_value
from ports.clock import Clock
from ports.errors import BrokerError

from .codes import error_of, is_fatal
from .logs import ClientLog
from .settings import KafkaSettings
from .topics import ensure_watchlist
from .watchlist_reader import WatchlistReader

_FETCH_WAIT_MS: Final = 10


class KafkaWatchlistEditor:
    """A `ports.watchlist_editor.WatchlistEditor` over the topic, which it creates when it is missing."""

    def __init__(self, settings: KafkaSettings, *, now_ms: Clock = system_clock) -> None:
        self._settings = settings
        self._now_ms = now_ms
        self._client_log = ClientLog("watchlist editor", settings.bootstrap_servers)
        self._producer: Producer | None = None

    def start(self) -> None:
        """Connect, and create the topic when it is missing. Raise BrokerError."""
        if self._producer is None:
            ensure_watchlist(self._settings)
            try:
                self._producer = Producer({**self._settings.producer(), **self._client_log.options()})
            except (KafkaException, ValueError, TypeError) as error:
                raise BrokerError(f"Kafka does not accept these settings: {error}") from error

    def entries(self) -> Sequence[Entry]:
        """Return the whole list."""
        self._open()
        return self._read()[0].entries()

    def add(self, symbols: Collection[str]) -> Sequence[str]:
        """Add symbols, and return those that were not on the list."""
        self._open()
        wrong = [symbol for symbol in symbols if not is_symbol(symbol)]
        if wrong:
            raise ValueError(
                f"not a symbol: {', '.join(map(repr, wrong))}; a symbol is 1 to 64 printable ASCII characters without quotes, "
                "backslashes or blanks at its ends"
            )
        book, partitions = self._read()
        new = [symbol for symbol in dict.fromkeys(symbols) if not book.parts_of(symbol)]
        value = encode_value(self._now_ms())
        changes = []
        for symbol in new:
            partition = book.emptiest(range(partitions))
            book.take(partition, symbol.encode(), value)
            changes.append((symbol, partition))
        if changes:
            self._write(changes, value)
            book, _ = self._read()
            self._write([(symbol, place) for symbol in new for place in book.parts_of(symbol)[1:]], None)
        return new

    def remove(self, symbols: Collection[str]) -> Sequence[str]:
        """Remove symbols, from every partition, and return those that were on the list."""
        self._open()
        book, _ = self._read()
        removed = [symbol for symbol in dict.fromkeys(symbols) if book.parts_of(symbol)]
        self._write([(symbol, place) for symbol in removed for place in book.parts_of(symbol)], None)
        return removed

    def close(self) -> None:
        """Release the connection; every change is acknowledged already."""
        self._producer = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> Producer:
        if self._producer is None:
            raise BrokerError("the watchlist is not open")
        return self._producer

    def _read(self) -> tuple[Book, int]:
        with WatchlistReader(self._settings, fetch_wait_ms=_FETCH_WAIT_MS) as reader:
            return reader.read_to_end(), reader.partitions

    def _write(self, changes: Iterable[tuple[str, int]], value: bytes | None) -> None:
        """Write records, and wait until all are acknowledged."""
        producer, topic = self._open(), self._settings.watchlist_topic
        refused: list[KafkaError] = []

        def report(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                refused.append(error)

        try:
            for symbol, partition in changes:
                producer.produce(topic, value, symbol.encode(), partition=partition, on_delivery=report)
                producer.poll(0)
            left = producer.flush(self._settings.connect_timeout_s)
        except (KafkaException, BufferError, SystemError) as error:
            # A fatal error, such as a missing right, disturbs reports that come in the same call: they raise SystemError.
            raise BrokerError(f"Kafka did not accept a change of {topic}: {_reason(producer, error)}") from error
        if refused or left:
            reason = refused[0].str() if refused else f"no answer within {self._settings.connect_timeout_s:g} s"
            raise BrokerError(
                f"Kafka did not acknowledge all changes of {topic} ({reason}): try again, repeating a change is harmless"
            )


def _reason(producer: Producer, error: Exception) -> BaseException:
    """Return why a change failed. `produce` says only that the producer met a fatal error before; `poll` then raises that error itself."""
    if isinstance(error, KafkaException) and is_fatal(error_of(error)):
        try:
            producer.poll(0)
        except KafkaException as fatal:
            return fatal
    return error.__cause__ or error
