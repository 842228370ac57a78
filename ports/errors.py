"""The errors that ports promise. An adapter raises them `from` its vendor's own.

Their text says what is wrong, in words that fit every program: which flag or variable to set is advice, which `apps` adds. It never holds a secret.
"""

from domain.errors import TapelineError


class PortError(TapelineError):
    """Base of what an adapter raises."""


class FeedError(PortError):
    """The feed cannot be used at all, for example because its settings are wrong. An outage is not an error: the feed reconnects."""


class EndOfFeed(FeedError):  # noqa: N818 - an end is not an error, and `except EndOfFeed` reads as what it is
    """A finite feed, such as a recording, has no more messages; or the feed is closed."""


class KeyRefusedError(FeedError):
    """The provider does not accept the API key, or requires one and none is set."""


class KeyInUseError(FeedError):
    """Another instance uses the same key. A provider allows one connection a key: close this one, and do not connect again."""


class BrokerError(PortError):
    """The broker refused, or cannot be reached."""


class TopicMissingError(BrokerError):
    """The broker answers and does not have a topic that is needed."""


class StoreError(PortError):
    """The store refused, or cannot be reached."""


class SchemaMissingError(StoreError):
    """The store answers and does not have the tables, or the columns, that are needed."""
