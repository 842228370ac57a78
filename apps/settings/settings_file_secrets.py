"""Secrets in a settings file: such a file has to be private, while one without secrets may be shared by all users."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from .secret_files import SecretFileError, require_private_file

_SECRET_PROPERTY: Final = re.compile(r"password|passphrase|secret|jaas|(^|\.)key(\.pem)?$")
"""The names of those properties of Kafka's clients, librdkafka's and Java's, that are secrets."""


def check_file_of_secrets(path: Path, settings: Mapping[str, Any], secrets: Iterable[str]) -> None:
    """Raise SecretFileError if the file of these settings has one of the secrets, such as `kafka.sasl_password`, and other users can open it."""
    found = [name for name in secrets if _is_set(settings, name)]
    if not found:
        return
    try:
        require_private_file(path)
    except SecretFileError as error:
        raise SecretFileError(f"a settings file with {', '.join(found)}: {error}") from error


def _is_set(settings: Any, setting: str) -> bool:
    for name in setting.split("."):
        if not isinstance(settings, Mapping):
            return False
        # Both spellings name the same setting.
        settings = settings.get(name, settings.get(name.replace("_", "-")))
    return any(map(_SECRET_PROPERTY.search, settings)) if isinstance(settings, Mapping) else bool(settings)
