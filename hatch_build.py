"""The build hook of the wheel: it ships the packages of this repository inside one package, as `tapeline.domain` and so on.

A checkout imports `domain`, `ports`, `adapters`, `apps` and `devstack` by these names. In site-packages they would collide with others, so every place
that names a module of theirs gets the prefix: absolute imports, and module names in strings ("adapters.kafka.publisher:KafkaPublisher").
An editable installation stays a checkout.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).parent
PACKAGES: Final = ("domain", "ports", "adapters", "apps", "devstack")
PREFIX: Final = b"tapeline."
_MODULE: Final = re.compile(rf"(?<![\w./{{}}])({'|'.join(PACKAGES)})\.(\w+)".encode())


def rewrite(source: bytes) -> bytes:
    """Return the source of a module with the prefix before each name of a module of ours. Raise ValueError for an import that cannot be rewritten."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for position in sorted(set(_positions(source, starts)), reverse=True):
        source = source[:position] + PREFIX + source[position:]
    return source


def _positions(source: bytes, starts: list[int]) -> Iterator[int]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] in PACKAGES:
            yield starts[node.lineno - 1] + node.col_offset + len("from ")
        elif isinstance(node, ast.Import) and any(alias.name.split(".")[0] in PACKAGES for alias in node.names):
            raise ValueError(f"line {node.lineno}: import of a package of ours: write `from … import …`")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            yield from (found.start() for found in _MODULE.finditer(source, start, end) if _is_module(*found.groups()))


def _is_module(package: bytes, name: bytes) -> bool:
    path = ROOT / package.decode() / name.decode()
    return path.is_dir() or path.with_suffix(".py").is_file()


class WheelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling calls it before and after each build of a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the package to a temporary folder that the wheel includes."""
        if version == "editable":
            return
        self._folder = Path(mkdtemp())
        (self._folder / "__init__.py").write_text(f'"""{self.metadata.core.description}."""\n', encoding="utf-8")
        (self._folder / "py.typed").touch()
        for package in PACKAGES:
            shutil.copytree(ROOT / package, self._folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        for path in self._folder.rglob("*.py"):
            path.write_bytes(rewrite(path.read_bytes()))
        build_data["force_include"][str(self._folder)] = "tapeline"
        self.metadata.core.scripts.update(tapeline="tapeline.apps.cli:main")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - Hatch's signature
        """Delete the folder."""
        if version != "editable":
            shutil.rmtree(self._folder)
