"""The lock file: which jars each group is made of, with size and SHA-256, so that a download can be trusted.

- `jars.lock.json` is committed and read-only at run time; `devstack.jars.resolve` writes it.
- A coordinate reads `group:artifact:version` or `group:artifact:version:classifier`; everything is a jar.
- A group's jars keep the lock's order on the class path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

LOCK_FILE = Path(__file__).parents[1] / "jars.lock.json"


@attrs.frozen(kw_only=True)
class Jar:
    """One jar: its Maven coordinate, SHA-256 in hex, and size in bytes."""

    coordinate: str
    sha256: str
    size: int

    @property
    def artifact(self) -> str:
        """The artifact id, such as `kafka-clients`."""
        return self.coordinate.split(":")[1]

    @property
    def filename(self) -> str:
        """The file name in a Maven repository, such as `kafka-clients-4.1.2.jar`."""
        _, artifact, version, *classifier = self.coordinate.split(":")
        return "-".join([artifact, version, *classifier]) + ".jar"

    @property
    def repository_path(self) -> str:
        """The path below a Maven repository's base URL."""
        group, artifact, version, *_ = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.filename}"

    @property
    def cache_path(self) -> str:
        """The path below the cache folder; it holds the hash, so another content never stands in for this one."""
        return f"jars/{self.sha256[:16]}/{self.filename}"


def read_lock(path: Path = LOCK_FILE) -> Mapping[str, Sequence[Jar]]:
    """Read the lock file into its groups, in order."""
    groups = json.loads(path.read_text("utf-8"))["groups"]
    return {name: tuple(Jar(**jar) for jar in group["jars"]) for name, group in groups.items()}


def write_lock(groups: Mapping[str, tuple[Sequence[str], Sequence[Jar]]], path: Path = LOCK_FILE) -> None:
    """Write groups of (root coordinates, jars) to the lock file, one jar a line, so that a change reads well."""
    parts = []
    for name, (roots, jars) in groups.items():
        lines = ",\n".join(" " * 8 + json.dumps(attrs.asdict(jar)) for jar in jars)
        parts.append(
            f'    "{name}": {{\n      "roots": {json.dumps(list(roots))},\n      "jars": [\n{lines}\n      ]\n    }}'
        )
    about = "Written by `python -m devstack lock`; do not edit."
    body = ",\n".join(parts)
    path.write_text(f'{{\n  "about": "{about}",\n  "groups": {{\n{body}\n  }}\n}}\n', "utf-8")
