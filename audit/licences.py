"""The licences of all dependencies, as their own metadata state them. What they do not state is "not known", and never guessed."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Final

from devstack.jars.lockfile import Jar
from devstack.jars.repository import cache_folder

NOT_KNOWN: Final = "not known"
_CLASSIFIER: Final = "License :: "
_MAX_LINE: Final = 100
"""Some packages have the whole text of their licence in the field for its name."""
_POM_LICENCE: Final = re.compile(rb"<license>.*?<name>\s*([^<]+?)\s*</name>", re.DOTALL)
_BUNDLE_LICENCE: Final = re.compile(r"^Bundle-License: (.+)$", re.MULTILINE)


def table(packages: Iterable[str], jars: Iterable[Jar]) -> str:
    """Return a CSV table of kind, name, version and licence of every dependency."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("kind", "name", "version", "licence"))
    writer.writerows(("python", name, *python_licence(name)) for name in packages)
    cache = cache_folder()
    for jar in jars:
        group, artifact, version, *_ = jar.coordinate.split(":")
        writer.writerow(("jar", f"{group}:{artifact}", version, jar_licence(cache / jar.cache_path)))
    return text.getvalue()


def python_licence(name: str) -> tuple[str, str]:
    """Return version and licence of an installed package; both are not known of one that this machine does not need."""
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return NOT_KNOWN, NOT_KNOWN
    classified = [
        text.rpartition(" :: ")[2] for text in stated.get_all("Classifier") or () if text.startswith(_CLASSIFIER)
    ]
    expression, named = (" OR ".join(stated.get_all(field) or ()) for field in ("License-Expression", "License"))
    short = named if "\n" not in named and len(named) <= _MAX_LINE else ""
    return stated["Version"], expression or " OR ".join(classified) or short or NOT_KNOWN


def jar_licence(file: Path) -> str:
    """Return the licence that a jar states in its own POM or its OSGi manifest; a parent's POM is not read."""
    try:
        with zipfile.ZipFile(file) as jar:
            poms = [name for name in jar.namelist() if re.fullmatch(r"META-INF/maven/[^/]+/[^/]+/pom\.xml", name)]
            # A shaded jar holds the POMs of others: with several, none is the jar's for certain.
            found = _POM_LICENCE.findall(jar.read(poms[0])) if len(poms) == 1 else []
            if found:
                return " OR ".join(name.decode(errors="replace") for name in found)
            manifest = jar.read("META-INF/MANIFEST.MF").decode(errors="replace")
    except (OSError, KeyError, zipfile.BadZipFile):
        return NOT_KNOWN
    # The manifest wraps its lines after 72 bytes.
    bundle = _BUNDLE_LICENCE.search(manifest.replace("\r\n", "\n").replace("\n ", ""))
    return bundle[1].strip() if bundle else NOT_KNOWN
