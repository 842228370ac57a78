"""The errors that ports promise. An adapter raises them `from` its vendor's own; their text says what to do and never holds a secret."""

from domain.errors import TapelineError


class PortError(TapelineError):
    """Base of what an adapter raises."""


class FeedError(PortError):
    """The feed cannot be used at all, for example because its settings are wrong. An outage is no error: the feed reconnects."""


class EndOfFeed(FeedError):  # noqa: N818 - an end is not an error, and `except EndOfFeed` reads as what it is
    """A finite feed, such as a recording, has given everything."""


class KeyInUseError(FeedError):
    """Another instance uses the same key. A provider allows one connection a key: this one is to be closed, and not to be made again."""


class BrokerError(PortError):
    """The broker refused, or cannot be reached."""


class StoreError(PortError):
    """The store refused, or cannot be reached."""
