"""Resolve the jars of each group anew and write the lock file. Needs Maven on PATH, a network, and PySpark installed.

- Maven resolves, so versions are the ones that the servers' own POMs ask for (its nearest-wins rule).
- A group starts from its roots; what a dev server never loads is left out by name, with the reason beside it.
- Of Spark's connectors, an artifact that PySpark ships itself, in whatever version, is left out: two versions of one
  library on a class path are decided by luck.
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

# Kafka Connect's web server comes with the tools; a broker and the command-line tools never load it.
_CONNECT_SERVER = re.compile(
    r"org\.glassfish\.|org\.eclipse\.jetty|jakarta\.|io\.swagger|io\.github\.classgraph|org\.javassist|"
    r"javax\.(xml\.bind|activation)|com\.sun\.activation|com\.fasterxml\.jackson\.(jakarta|module)|"
    r"org\.apache\.maven|org\.codehaus\.plexus|org\.apache\.kafka:connect-runtime"
)
# Native code for TLS and for other systems: Netty falls back to the JDK, and a dev server speaks no TLS.
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
    """Have Maven resolve `roots`; return (coordinate, file) in class path order."""
    maven = shutil.which("mvn")
    if maven is None:
        raise DevstackError("regenerating the lock needs Maven (`mvn`) on PATH")
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
    done = subprocess.run(
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
    """Return the artifact ids of the jars inside the installed PySpark."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise DevstackError("regenerating the lock needs PySpark installed: its own jars stay out of the group 'spark'")
    jars = Path(spec.origin).with_name("jars").glob("*.jar")
    return frozenset(re.sub(r"-\d.*$", "", jar.stem) for jar in jars)


def _needed(group: str) -> Callable[[str], bool]:
    if group == "kafka":
        return lambda coordinate: not _CONNECT_SERVER.match(coordinate)
    if group == "cassandra":
        return lambda coordinate: not _NATIVE.search(coordinate)
    if group == "jmx":
        return lambda coordinate: coordinate == AGENT  # it holds all that it needs
    shipped = pyspark_artifacts()
    return lambda coordinate: coordinate.split(":")[1] not in shipped


def resolve_jars(say: Callable[[str], None] = print) -> None:
    """Resolve every group and write the lock file.

    Raises:
        DevstackError: Maven or PySpark is missing, or a root cannot be resolved.

    """
    groups = {}
    with tempfile.TemporaryDirectory(prefix="tapeline-lock-") as folder:
        for name, roots in ROOTS.items():
            needed = _needed(name)
            jars = [
                Jar(coordinate=c, sha256=hashlib.sha256(f.read_bytes()).hexdigest(), size=f.stat().st_size)
                for c, f in _resolve(roots, Path(folder))
                if needed(c)
            ]
            if not jars:
                raise DevstackError(f"Maven listed no jars for {name}: is the output of {_PLUGIN} still as expected?")
            say(f"{name}: {len(jars)} jars, {sum(jar.size for jar in jars) / 1e6:.0f} MB")
            groups[name] = (roots, jars)
    write_lock(groups)
