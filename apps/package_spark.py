"""`python -m apps.package_spark OUT.zip`: everything that `apps/aggregator.py` and `apps/reconcile.py` import, for `spark-submit --py-files OUT.zip`.

Only the driver runs Python, and its Python needs only PySpark: the few other packages that the programs import are pure Python and go into the zip, in the
versions that are installed here.
"""

import importlib.util
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from domain.errors import TapelineError

from .runtime.commands import run
from .runtime.packages import how_to_install

_OUTER: Final = (__package__ or "").rpartition("apps")[0]
"""What stands before the names of our packages: nothing in a checkout, `tapeline.` in an installed package."""
OURS: Final = tuple(_OUTER + name for name in ("domain", "ports", "adapters", "apps"))
THEIRS: Final = ("attr", "attrs", "click", "prometheus_client", "structlog", "typed_settings", "typing_extensions")
# The dev stack stays behind but for what apps name of it.
DEVSTACK: Final = (f"{_OUTER}devstack", f"{_OUTER}devstack.errors")
_SUFFIXES: Final = frozenset({".py", ".tsv"})
"""Modules and the tables that they read."""
_MOMENT: Final = (2020, 1, 1, 0, 0, 0)


def build(out: Path) -> int:
    """Write the zip and return the number of files; the same sources give the same bytes. Raise TapelineError if a package is missing."""
    files = dict(sorted(file for package in (*OURS, *THEIRS) for file in _files(package)))
    files |= dict(_module(name) for name in (*DEVSTACK, *filter(None, [_OUTER.rstrip(".")])))
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return len(files)


def _files(package: str) -> Iterator[tuple[str, Path]]:
    name, origin = _module(package)
    if origin.name != "__init__.py":
        yield name, origin
        return
    for path in origin.parent.rglob("*"):
        if path.suffix in _SUFFIXES:
            yield f"{package.replace('.', '/')}/{path.relative_to(origin.parent).as_posix()}", path


def _module(name: str) -> tuple[str, Path]:
    """Return the name in the zip and the file of a module, or of the `__init__.py` of a package."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise TapelineError(f"the package {name} is not installed here: {how_to_install(name)}")
    origin = Path(spec.origin)
    stem = name.replace(".", "/")
    return (f"{stem}/__init__.py" if origin.name == "__init__.py" else f"{stem}.py"), origin


@click.command("package-spark")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def package_spark(out: Path) -> None:
    """Write what apps/aggregator.py and apps/reconcile.py import to the zip file OUT, for spark-submit --py-files."""
    count = build(out)
    click.echo(
        f"{out}: {count} files, {out.stat().st_size // 1024} KiB; made with Python {sys.version_info.major}.{sys.version_info.minor}"
    )


if __name__ == "__main__":
    run(package_spark, "package-spark")
