"""The replication of a keyspace: the number of copies of each row by data centre."""

import re
from collections.abc import Mapping
from typing import Final, Self

import attrs

_CENTRE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


def _are_centres(_instance: object, _attribute: object, value: Mapping[str, int]) -> None:
    for name, copies in value.items():
        if not _CENTRE.fullmatch(name):
            raise ValueError(f"{name!r} is not a valid name of a data centre")
        if copies < 1:
            raise ValueError(f"data centre {name}: at least 1 copy, not {copies}")


@attrs.frozen(kw_only=True)
class Replication:
    """Copies by data centre; without any, one copy on one node, for development. Raise ValueError on invalid names and numbers."""

    copies_by_centre: Mapping[str, int] = attrs.field(factory=dict, validator=_are_centres)

    @classmethod
    def dev(cls) -> Self:
        """Return one copy on any node."""
        return cls()

    @classmethod
    def production(cls, copies_by_centre: Mapping[str, int]) -> Self:
        """Return this number of copies in each data centre, such as {"dc1": 3}. Raise ValueError if there is no data centre."""
        if not copies_by_centre:
            raise ValueError("production needs data centres, such as dc1:3")
        return cls(copies_by_centre=copies_by_centre)

    def options(self) -> dict[str, str]:
        """Return the options as Cassandra stores them."""
        if not self.copies_by_centre:
            return {"class": "SimpleStrategy", "replication_factor": "1"}
        return {"class": "NetworkTopologyStrategy", **{name: str(n) for name, n in self.copies_by_centre.items()}}

    def cql(self) -> str:
        """Return the options as a CQL map."""
        return "{" + ", ".join(f"'{name}': '{value}'" for name, value in self.options().items()) + "}"


def copies_in(options: Mapping[str, str], centre: str) -> int:
    """Return how many copies of each row these options of a keyspace keep in a data centre."""
    return int(options.get(centre) or options.get("replication_factor") or 0)
