"""Settings for jars: the repository that they are downloaded from and the folder that they are cached in.

- TAPELINE_MAVEN_REPOSITORY: base URL of a Maven repository. Default: Maven Central.
- TAPELINE_CACHE: the cache folder. Default: `tapeline` in the user's cache folder. It may be deleted; jars are then downloaded again.
"""

from __future__ import annotations

import os
from pathlib import Path

import pooch

MAVEN_CENTRAL = "https://repo1.maven.org/maven2/"


def repository_url() -> str:
    """Return the base URL of the Maven repository, ending in a slash."""
    return (os.environ.get("TAPELINE_MAVEN_REPOSITORY") or MAVEN_CENTRAL).rstrip("/") + "/"


def cache_folder() -> Path:
    """Return the cache folder, which may not exist yet."""
    return Path(os.environ.get("TAPELINE_CACHE") or pooch.os_cache("tapeline")).expanduser()
