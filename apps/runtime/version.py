"""The version of this program."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """Return the installed version, or "unknown" for a checkout that is only on the path."""
    try:
        return version("tapeline")
    except PackageNotFoundError:
        return "unknown"
