"""The jars of a group, on this machine: downloaded in parallel once, checked, and kept in the cache.

- A jar enters the cache under its final name only after its SHA-256 was found right, by a rename. So a name that is
  there, with the lock's size, is a whole jar; it is not hashed again.
- A cut, a refusal or a wrong hash is tried again a few times; then one error names the jar and the reason.
- Two processes may fetch at once: each renames its own whole file into place.
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
    """Download by HTTP for pooch, handing back the progress of an attempt that failed."""

    def __init__(self, progress: FileProgress) -> None:
        self._progress = progress
        kwargs: dict[str, object] = {"timeout": TIMEOUT_S}
        if os.environ.get("SSL_CERT_FILE") and not os.environ.get("REQUESTS_CA_BUNDLE"):
            kwargs["verify"] = os.environ["SSL_CERT_FILE"]
        self._http = pooch.HTTPDownloader(progressbar=progress, chunk_size=64 * 1024, **kwargs)

    def __call__(self, url: str, output_file: str, keeper: pooch.Pooch | None) -> None:
        self._progress.reset()
        self._progress.update(0)  # no further attempt after a cancel
        self._http(url, output_file, keeper)


def _whole(path: Path, jar: Jar) -> bool:
    try:
        return path.stat().st_size == jar.size
    except OSError:
        return False


def _forget_stale(folders: Iterable[Path]) -> None:
    """Remove the temporary files of downloads that were killed."""
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
        # pooch makes folders as well, but two threads that both find one missing stumble over each other there.
        (cache / jar.cache_path).parent.mkdir(parents=True, exist_ok=True)
        keeper.fetch(jar.cache_path, downloader=_Downloader(FileProgress(progress, jar.size)))
    except requests.RequestException as error:
        raise DevstackError(
            f"could not download {url} ({_reason(error)}); is there a network? "
            "TAPELINE_MAVEN_REPOSITORY names another Maven repository"
        ) from error
    except ValueError as error:
        raise DevstackError(f"{url} does not have the SHA-256 that the lock file says: not used") from error
    except OSError as error:
        raise DevstackError(f"could not store {jar.filename} in {cache}: {error.strerror or error}") from error
    progress.file_done()


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"HTTP {error.response.status_code}"
    return type(error).__name__


def ensure(jars: Sequence[Jar], *, label: str) -> list[Path]:
    """Download what is missing of `jars`; return their paths in the same order.

    Raises:
        DevstackError: a jar cannot be had whole and with the right hash.

    """
    cache = cache_folder()
    paths = [cache / jar.cache_path for jar in jars]
    missing = [jar for jar, path in zip(jars, paths, strict=True) if not _whole(path, jar)]
    if not missing:
        return paths
    pooch.get_logger().setLevel("ERROR")
    _forget_stale(path.parent for path in paths)
    size = sum(jar.size for jar in missing)
    with Progress(label=label, files=len(missing), size=size) as progress:
        # Biggest first: a big one that starts last would leave the other threads idle.
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
    """Return the jars of `group` ("kafka", "cassandra" or "spark") in class path order, fetching what is missing.

    Raises:
        DevstackError: no such group, or a download failed.

    """
    groups = read_lock()
    if group not in groups:
        raise DevstackError(f"no group of jars named {group!r}; there are {', '.join(groups)}")
    return ensure(groups[group], label=group)
