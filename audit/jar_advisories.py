"""The jars of devstack/jars.lock.json: whether the lock is complete, and the advisories that OSV (https://osv.dev) knows.

No advisory data is shipped: an old copy would clear what it does not know. Without an answer of OSV, no jar counts as checked.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import requests

from devstack.jars.lockfile import Jar

from .boms import purl
from .findings import Findings

OSV_URL: Final = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S: Final = 30
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COORDINATE: Final = re.compile(r"[\w.-]+:[\w.-]+:[0-9][\w.-]*(:[\w.-]+)?")


def check_lock(jars: Sequence[Jar]) -> Findings:
    """Check that each jar has an exact version, a SHA-256 and a size."""
    problems = tuple(
        f"{jar.coordinate}: {what}"
        for jar in jars
        for what, is_right in (
            ("no exact version", _COORDINATE.fullmatch(jar.coordinate) and not jar.coordinate.endswith("SNAPSHOT")),
            ("no SHA-256", _SHA256.fullmatch(jar.sha256)),
            ("no size", jar.size > 0),
        )
        if not is_right
    )
    return Findings(checked=len(jars), problems=problems)


def advisories(jars: Sequence[Jar], url: str = OSV_URL) -> Findings:
    """Ask OSV about all jars in one request (https://google.github.io/osv.dev/post-v1-querybatch)."""
    queries = [{"package": {"purl": purl(jar, qualifiers=False)}} for jar in jars]
    try:
        answer = requests.post(url, json={"queries": queries}, timeout=TIMEOUT_S)
        answer.raise_for_status()
        results: list[dict[str, Any]] = answer.json()["results"]
        known = [[found["id"] for found in result.get("vulns", ())] for result in results]
        problems = tuple(f"{jar.coordinate}: {', '.join(ids)}" for jar, ids in zip(jars, known, strict=True) if ids)
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        return Findings(checked=0, not_checked=len(jars), why=f"no answer of {url}: {type(error).__name__}")
    return Findings(checked=len(jars), problems=problems)
