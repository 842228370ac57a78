"""Packages that an extra installs and that may be missing."""

from importlib.util import find_spec
from typing import Final

from domain.errors import TapelineError

_ALL: Final = "with all its extras, tapeline[all]" if __name__.startswith("tapeline") else "with `make install`"
"""How to install everything: in site-packages this package is below `tapeline`, in a checkout it is not."""


class MissingPackageError(TapelineError):
    """A package is not installed."""


def how_to_install(package: str | None) -> str:
    """Return the advice for a missing package. PySpark 3.5 is not installed on Python 3.14 and newer."""
    where = " on Python 3.11 to 3.13" if package and package.partition(".")[0] == "pyspark" else ""
    return f"install tapeline {_ALL}{where}"


def require_package(package: str) -> None:
    """Check that a package is installed. Raise MissingPackageError if it is not."""
    if find_spec(package) is None:
        raise MissingPackageError(f"this needs the package {package}: {how_to_install(package)}")
