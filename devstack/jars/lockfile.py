"""The lock file: the jars of each group, with size and SHA-256, so that each download can be verified.

- `jars.lock.json` is committed, and only `devstack.jars.resolve` writes it.
- A coordinate is `group:artifact:version` or `group:artifact:version:classifier`; the packaging is always jar.
- The order of a group's jars in the lock file is their order on the class path.
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
        """The file name in a Maven repository, such as `kafka-clients-4.4.0.jar`."""
        _, artifact, version, *classifier = self.coordinate.split(":")
        return "-".join([artifact, version, *classifier]) + ".jar"

    @property
    def repository_path(self) -> str:
        """The path below a Maven repository's base URL."""
        group, artifact, version, *_ = self.coordinate.split(":")
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.filename}"

    @property
    def cache_path(self) -> str:
        """The path below the cache folder. It contains the hash, so two jars with one name never share a path."""
        return f"jars/{self.sha256[:16]}/{self.filename}"


def read_lock(path: Path = LOCK_FILE) -> Mapping[str, Sequence[Jar]]:
    """Return the groups of the lock file, in order."""
    groups = json.loads(path.read_text("utf-8"))["groups"]
    return {name: tuple(Jar(**jar) for jar in group["jars"]) for name, group in groups.items()}


def write_lock(groups: Mapping[str, tuple[Sequence[str], Sequence[Jar]]], path: Path = LOCK_FILE) -> None:
    """Write groups of (root coordinates, jars) to the lock file, one jar a line, so that diffs are readable."""
    parts = []
    for name, (roots, jars) in groups.items():
        lines = ",\n".join(" " * 8 + json.dumps(attrs.asdict(jar)) for jar in jars)
        parts.append(
            f'    "{name}": {{\n      "roots": {json.dumps(list(roots))},\n      "jars": [\n{lines}\n      ]\n    }}'
        )
    about = "Written by `python -m devstack lock`; do not edit."
    body = ",\n".join(parts)
    path.write_text(f'{{\n  "about": "{about}",\n  "groups": {{\n{body}\n  }}\n}}\n', "utf-8")
