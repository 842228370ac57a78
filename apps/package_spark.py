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

OURS: Final = ("domain", "ports", "adapters", "apps")
THEIRS: Final = ("attr", "attrs", "click", "prometheus_client", "structlog", "typed_settings", "typing_extensions")
# The dev stack stays behind but for what apps name of it.
DEVSTACK: Final = ("devstack/__init__.py", "devstack/errors.py")
_SUFFIXES: Final = frozenset({".py", ".tsv"})
"""Modules and the tables that they read."""
_MOMENT: Final = (2020, 1, 1, 0, 0, 0)


def build(out: Path) -> int:
    """Write the zip and return the number of files; the same sources give the same bytes. Raise TapelineError if a package is missing."""
    files = dict(sorted(file for package in (*OURS, *THEIRS) for file in _files(package)))
    files |= {name: _folder("devstack") / Path(name).name for name in DEVSTACK}
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return len(files)


def _files(package: str) -> Iterator[tuple[str, Path]]:
    place = _folder(package)
    if place.is_file():
        yield place.name, place
        return
    for path in place.rglob("*"):
        if path.suffix in _SUFFIXES:
            yield f"{package}/{path.relative_to(place).as_posix()}", path


def _folder(package: str) -> Path:
    """Return the folder of a package, or the file of a module."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise TapelineError(f"the package {package} is not installed here: install tapeline[all] first")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


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
