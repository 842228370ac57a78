"""Starting and closing the parts that a program is made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol, TypeVar


class Part(Protocol):
    """A feed, a publisher, a store: every port that holds a connection."""

    def start(self) -> None:
        """Connect."""
        ...

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        ...


P = TypeVar("P", bound=Part)


@contextmanager
def started(part: P) -> Iterator[P]:
    """Start a part, and close it after the block, or at once if it cannot be started."""
    try:
        part.start()
        yield part
    finally:
        part.close()


class Late:
    """A factory of `module:Name` that imports the module at the first call: a program loads no driver that it does not use."""

    def __init__(self, path: str) -> None:
        self._module, _, self._name = path.partition(":")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import the module and call what the path names."""
        return getattr(import_module(self._module), self._name)(*args, **kwargs)
