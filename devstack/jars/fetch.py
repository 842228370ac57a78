"""Download the jars of a group in parallel, verify them, and keep them in the cache.

- A jar is renamed to its final name in the cache only after its SHA-256 is verified. A file with that name and the size in the
  lock file is therefore complete, and is not hashed again.
- After a broken connection, an HTTP error or a wrong hash the download is retried. When all retries fail, one error names the jar and the reason.
- Two processes may download at the same time: each renames its own complete file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pooch
import requests

from devstack.errors import DevstackError

from .lockfile import Jar, read_lock
from .progress import FileProgress, Progress
from .repository import cache_folder, repository_url

PARALLEL = 8
RETRIES = 3
TIMEOUT_S = (10, 30)  # to connect, to read
_STALE_S = 3600


class _Downloader:
    """Download a file over HTTP for pooch. A new attempt subtracts the progress of the failed one."""

    def __init__(self, progress: FileProgress) -> None:
        self._progress = progress
        kwargs: dict[str, object] = {"timeout": TIMEOUT_S}
        if os.environ.get("SSL_CERT_FILE") and not os.environ.get("REQUESTS_CA_BUNDLE"):
            kwargs["verify"] = os.environ["SSL_CERT_FILE"]
        self._http = pooch.HTTPDownloader(progressbar=progress, chunk_size=64 * 1024, **kwargs)

    def __call__(self, url: str, output_file: str, keeper: pooch.Pooch | None) -> None:
        self._progress.reset()
        self._progress.update(0)  # raises after a cancel: no further attempt
        self._http(url, output_file, keeper)


def _is_complete(path: Path, jar: Jar) -> bool:
    try:
        return path.stat().st_size == jar.size
    except OSError:
        return False


def _remove_stale(folders: Iterable[Path]) -> None:
    """Remove the temporary files of killed downloads."""
    for folder in folders:
        for file in folder.glob("tmp*"):
            if file.stat().st_mtime < time.time() - _STALE_S:
                file.unlink(missing_ok=True)


def _download(jar: Jar, cache: Path, progress: Progress) -> None:
    url = repository_url() + jar.repository_path
    keeper = pooch.create(
        path=cache,
        base_url="",
        registry={jar.cache_path: f"sha256:{jar.sha256}"},
        urls={jar.cache_path: url},
        retry_if_failed=RETRIES,
    )
    try:
        # pooch creates folders too, but fails when two threads create the same one.
        (cache / jar.cache_path).parent.mkdir(parents=True, exist_ok=True)
        keeper.fetch(jar.cache_path, downloader=_Downloader(FileProgress(progress, jar.size)))
    except requests.RequestException as error:
        raise DevstackError(
            f"could not download {url} ({_reason(error)}); check the network, "
            "or set TAPELINE_MAVEN_REPOSITORY to another Maven repository"
        ) from error
    except ValueError as error:
        raise DevstackError(f"{url} does not have the SHA-256 of the lock file; the file was discarded") from error
    except OSError as error:
        raise DevstackError(f"could not store {jar.filename} in {cache}: {error.strerror or error}") from error
    progress.file_done()


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"HTTP {error.response.status_code}"
    return type(error).__name__


def ensure(jars: Sequence[Jar], *, label: str) -> list[Path]:
    """Download the missing jars and return the paths of all, in the same order. `label` names them in progress lines.

    Raises:
        DevstackError: a jar cannot be downloaded completely and with the right hash.

    """
    cache = cache_folder()
    paths = [cache / jar.cache_path for jar in jars]
    missing = [jar for jar, path in zip(jars, paths, strict=True) if not _is_complete(path, jar)]
    if not missing:
        return paths
    pooch.get_logger().setLevel("ERROR")
    _remove_stale(path.parent for path in paths)
    size = sum(jar.size for jar in missing)
    with Progress(label=label, files=len(missing), size=size) as progress:
        # Largest first: if a large jar started last, the other threads would idle.
        queue = sorted(missing, key=lambda jar: -jar.size)
        pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="fetch")
        try:
            for _ in pool.map(lambda jar: _download(jar, cache, progress), queue):
                pass
        except BaseException:
            progress.cancel()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return paths


def classpath(group: str) -> list[Path]:
    """Return the jars of `group` ("kafka", "cassandra", "spark" or "jmx") in class path order. Download missing ones.

    Raises:
        DevstackError: the group does not exist, or a download failed.

    """
    groups = read_lock()
    if group not in groups:
        raise DevstackError(f"no group of jars named {group!r}; there are {', '.join(groups)}")
    return ensure(groups[group], label=group)
