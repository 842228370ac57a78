"""Resolve the jars of each group and write the lock file. Needs Maven on PATH, a network, and an installed PySpark.

- Maven resolves the versions from the servers' own POMs, by its rule "nearest wins".
- A group is the closure of its roots. Jars that a dev server never loads are excluded by name; the reason is beside each pattern.
- An artifact that PySpark ships, in any version, is excluded from the group "spark": with two versions of a library on the
  class path it is undefined which one is loaded.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from devstack.errors import DevstackError

from .lockfile import Jar, write_lock
from .repository import repository_url

AGENT = "io.prometheus.jmx:jmx_prometheus_javaagent:1.0.1"

ROOTS: dict[str, tuple[str, ...]] = {
    "kafka": (
        "org.apache.kafka:kafka_2.13:4.4.0",
        "org.apache.kafka:kafka-tools:4.4.0",
        "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3",
    ),
    "cassandra": ("org.apache.cassandra:cassandra-all:5.0.9",),
    "spark": (
        "org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7",
        "com.datastax.spark:spark-cassandra-connector_2.12:3.5.1",
    ),
    "jmx": (AGENT,),
}

# The tools depend on Kafka Connect's web server. Neither a broker nor the command-line tools load it.
_CONNECT_SERVER = re.compile(
    r"org\.glassfish\.|org\.eclipse\.jetty|jakarta\.|io\.swagger|io\.github\.classgraph|org\.javassist|"
    r"javax\.(xml\.bind|activation)|com\.sun\.activation|com\.fasterxml\.jackson\.(jakarta|module)|"
    r"org\.apache\.maven|org\.codehaus\.plexus|org\.apache\.kafka:connect-runtime"
)
# Native libraries for TLS and for other systems. Without them, Netty uses the TLS of the JDK.
_NATIVE = re.compile(r":(osx|windows|linux-riscv)[\w-]*$|netty-tcnative-boringssl-static")

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:list"
_LINE = re.compile(r"^\s+([\w.-]+):([\w.-]+):jar:(?:([\w.-]+):)?([\w.-]+):(?:compile|runtime):(/\S+?\.jar)", re.ASCII)


def _dependency(coordinate: str) -> str:
    group, artifact, version = map(escape, coordinate.split(":"))
    return (
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></dependency>"
    )


def _resolve(roots: Sequence[str], folder: Path) -> list[tuple[str, Path]]:
    """Resolve `roots` with Maven. Return pairs of coordinate and file, in class path order."""
    maven = shutil.which("mvn")
    if maven is None:
        raise DevstackError("the lock file is made with Maven: put `mvn` on PATH")
    pom, settings, listing = folder / "pom.xml", folder / "settings.xml", folder / "jars.txt"
    pom.write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>tapeline</groupId><artifactId>lock</artifactId>"
        f"<version>1</version><dependencies>{''.join(map(_dependency, roots))}</dependencies></project>"
    )
    settings.write_text(
        "<settings><mirrors><mirror><id>chosen</id><mirrorOf>*</mirrorOf>"
        f"<url>{escape(repository_url())}</url></mirror></mirrors></settings>"
    )
    command = [maven, "-B", "-q", "-f", str(pom), "-s", str(settings), _PLUGIN, "-DincludeScope=runtime"]
    command += [f"-Dmaven.repo.local={folder / 'repository'}", f"-DoutputFile={listing}"]
    command += ["-DoutputAbsoluteArtifactFilename=true"]
    done = subprocess.run(  # noqa: S603 - Maven of PATH, and arguments of this module
        command,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DevstackError(f"Maven could not resolve {', '.join(roots)}:\n{done.stdout[-2000:]}")
    found = []
    for line in listing.read_text("utf-8").splitlines():
        if match := _LINE.match(line):
            group, artifact, classifier, version, file = match.groups()
            found.append((":".join(filter(None, (group, artifact, version, classifier))), Path(file)))
    return found


def pyspark_artifacts() -> frozenset[str]:
    """Return the artifact ids of the jars in the installed PySpark."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise DevstackError("install PySpark first: the jars that it ships are excluded from the group 'spark'")
    jars = Path(spec.origin).with_name("jars").glob("*.jar")
    return frozenset(re.sub(r"-\d.*$", "", jar.stem) for jar in jars)


def _filter(group: str) -> Callable[[str], bool]:
    if group == "kafka":
        return lambda coordinate: not _CONNECT_SERVER.match(coordinate)
    if group == "cassandra":
        return lambda coordinate: not _NATIVE.search(coordinate)
    if group == "jmx":
        return lambda coordinate: coordinate == AGENT  # its jar contains its dependencies
    shipped = pyspark_artifacts()
    return lambda coordinate: coordinate.split(":")[1] not in shipped


def resolve_jars(report: Callable[[str], None] = print) -> None:
    """Resolve every group and write the lock file. `report` receives one line a group.

    Raises:
        DevstackError: Maven or PySpark is missing, or Maven cannot resolve a root.

    """
    groups = {}
    with tempfile.TemporaryDirectory(prefix="tapeline-lock-") as folder:
        for name, roots in ROOTS.items():
            is_needed = _filter(name)
            jars = [
                Jar(coordinate=c, sha256=hashlib.sha256(f.read_bytes()).hexdigest(), size=f.stat().st_size)
                for c, f in _resolve(roots, Path(folder))
                if is_needed(c)
            ]
            if not jars:
                raise DevstackError(f"Maven listed no jars for {name}: the output format of {_PLUGIN} may have changed")
            report(f"{name}: {len(jars)} jars, {sum(jar.size for jar in jars) / 1e6:.0f} MB")
            groups[name] = (roots, jars)
    write_lock(groups)
