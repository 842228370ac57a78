"""The numbered files of the schema: `schema/0001_….cql` and on, in order and without a gap.

A statement ends with a semicolon at the end of a line; lines that begin with `--` are comments. The checksum covers the statements only, so a
comment may change.
"""

import hashlib
import re
from collections.abc import Mapping
from importlib import resources
from typing import Final, Self

import attrs

from ports.errors import StoreError

_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.cql")


@attrs.frozen(kw_only=True)
class Migration:
    """One file of the schema."""

    number: int
    name: str
    statements: tuple[str, ...]

    @classmethod
    def parse(cls, name: str, text: str) -> Self:
        """Return the migration of a file. Raise StoreError if its name has no number or its text no statement."""
        match = _NAME.fullmatch(name)
        if match is None:
            raise StoreError(f"schema file {name}: its name is not like 0001_trades.cql")
        code = "\n".join(line.rstrip() for line in text.splitlines() if not line.lstrip().startswith("--"))
        parts = (part.strip() for part in re.split(r";\s*(?:\n|$)", code))
        statements = tuple(part for part in parts if part)
        if not statements:
            raise StoreError(f"schema file {name}: no statement in it")
        return cls(number=int(match.group(1)), name=name, statements=statements)

    @property
    def checksum(self) -> str:
        """The SHA-256 of the statements."""
        return hashlib.sha256(";\n".join(self.statements).encode()).hexdigest()


def in_order(texts: Mapping[str, str]) -> list[Migration]:
    """Return the migrations of texts by file name, lowest number first. Raise StoreError unless they are numbered 1, 2, 3 and on."""
    found = sorted((Migration.parse(name, text) for name, text in texts.items()), key=lambda m: (m.number, m.name))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise StoreError(f"schema files are not numbered 1, 2, 3 …: {', '.join(m.name for m in found)}")
    return found


def shipped() -> list[Migration]:
    """Return the migrations of this package."""
    folder = resources.files(__package__) / "schema"
    return in_order({f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".cql")})
