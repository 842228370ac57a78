"""A Cassandra node on 127.0.0.1; further nodes of the cluster are on 127.0.0.2, 127.0.0.3 and so on.

- A node that founds the ring starts without the waits that protect the rows of a ring. A node that is added later keeps them.
- Timeouts are longer than Cassandra's defaults, because a small machine under load is slow and not faulty.
- JMX has no port, except while `devstack nodetool` runs. The metrics have one.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Sequence
from pathlib import Path

import attrs

from devstack.jars import classpath

from .cassandra_log import AUDIT_LOG, logback
from .cassandra_ring import TOKENS, Ring, address
from .cassandra_security import security_settings
from .disk_encryption import make_key_store
from .java import java_command
from .jmx_exporter import agent_option
from .probes import Login, cassandra_peers
from .secrets import ADMIN, Secrets
from .server import java_options

FIRST_USER = ("cassandra", "cassandra")  # the superuser of a new cluster, which a secure stack replaces

# The packages of Java 17 that Cassandra's start script exports and opens.
_EXPORTS = (
    "java.base/jdk.internal.misc java.base/jdk.internal.ref java.base/sun.nio.ch java.base/jdk.internal.loader "
    "java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server "
    "java.sql/java.sql jdk.unsupported/sun.misc"
)
_OPENS = (
    "java.base/java.lang java.base/java.lang.module java.base/java.lang.ref java.base/java.lang.reflect "
    "java.base/java.net java.base/java.io java.base/java.nio java.base/java.math java.base/java.util "
    "java.base/java.util.concurrent java.base/java.util.concurrent.atomic java.base/jdk.internal.loader "
    "java.base/jdk.internal.ref java.base/jdk.internal.reflect java.base/jdk.internal.math "
    "java.base/jdk.internal.module java.base/jdk.internal.util.jar java.base/sun.nio.ch "
    "java.rmi/sun.rmi.server jdk.management/com.sun.management.internal"
)

# No waits for nodes that may still hold or write rows: a new ring has none.
_FOUNDER_OPTIONS = (
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=1000",
    "-Dcassandra.consistent.rangemovement=false",
)


def module_options() -> list[str]:
    """Return the JVM options that open Java's packages to Cassandra and its tools."""
    return [
        *(f"--add-exports={package}=ALL-UNNAMED" for package in _EXPORTS.split()),
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS.split()),
    ]


@attrs.frozen(kw_only=True)
class CassandraNode:
    """One node of a ring. All nodes use the same client port and the same storage port."""

    node: int
    ring: Ring
    port: int
    storage_port: int
    metrics_port: int
    cluster_name: str
    folder: Path
    heap_mb: int
    quick_jit: bool
    secrets: Secrets | None = None
    """Those of a secure stack."""

    @property
    def name(self) -> str:
        """`cassandra-<node>`."""
        return f"cassandra-{self.node}"

    @property
    def host(self) -> str:
        """The loopback address."""
        return address(self.node)

    @property
    def inner_ports(self) -> tuple[int, ...]:
        """The port between nodes."""
        return (self.storage_port,)

    @property
    def data_center(self) -> str:
        """The data centre."""
        return self.ring.data_center(self.node)

    def settings(self) -> dict[str, object]:
        """Return the contents of cassandra.yaml."""
        seeds = ",".join(f"{seed}:{self.storage_port}" for seed in self.ring.seeds)
        return {
            "cluster_name": self.cluster_name,
            "num_tokens": TOKENS,
            "initial_token": ",".join(map(str, self.ring.tokens(self.node))),
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "auto_bootstrap": not self.ring.is_founder(self.node),
            "listen_address": self.host,
            "rpc_address": self.host,
            "storage_port": self.storage_port,
            "native_transport_port": self.port,
            "seed_provider": [
                {"class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": [{"seeds": seeds}]}
            ],
            "endpoint_snitch": "GossipingPropertyFileSnitch",
            "commitlog_sync": "periodic",
            "commitlog_sync_period": "1000ms",
            "commitlog_segment_size": "16MiB",
            "commitlog_total_space": "256MiB",
            "cdc_enabled": False,
            "storage_compatibility_mode": "NONE",
            "memtable": {"configurations": {"trie": {"class_name": "TrieMemtable"}, "default": {"inherits": "trie"}}},
            "sstable": {"selected_format": "bti"},
            "auto_snapshot": False,
            "incremental_backups": False,
            "max_hint_window": f"{self.ring.hint_window_s}s",
            "read_request_timeout": "20s",
            "range_request_timeout": "30s",
            "write_request_timeout": "20s",
            "cas_contention_timeout": "10s",
            "truncate_request_timeout": "60s",
            "request_timeout": "30s",
            "native_transport_timeout": "30s",
            **({} if self.secrets is None else security_settings(self.secrets, self.name)),
        }

    def prepare(self) -> None:
        """Write cassandra.yaml, the data centre, and the settings of the log."""
        conf = self.folder / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        (self.folder / "tmp").mkdir(exist_ok=True)
        (self.folder / "triggers").mkdir(exist_ok=True)
        audit_log = None
        if self.secrets is not None:
            make_key_store(self.secrets.disk_key_store(self.name), self.secrets.disk_password(self.name))
            audit_log = self.folder / AUDIT_LOG
        settings = conf / "cassandra.yaml"
        settings.touch(mode=0o600)  # of a secure node it holds the password of a key store
        settings.write_text(json.dumps(self.settings(), indent=2), "utf-8")  # JSON is YAML
        (conf / "cassandra-rackdc.properties").write_text(f"dc={self.data_center}\nrack=rack{self.node}\n", "utf-8")
        (conf / "logback.xml").write_text(logback(audit_log), "utf-8")

    def command(self) -> Sequence[str]:
        """Return the command that runs the node."""
        jars = classpath("cassandra")
        agent = next(jar for jar in jars if jar.name.startswith("jamm-"))
        temporary = self.folder / "tmp"
        return [
            str(java_command()),
            *java_options(folder=self.folder, heap_mb=self.heap_mb, quick_jit=self.quick_jit),
            f"-Xms{self.heap_mb}m",  # as in Cassandra's scripts: a heap that has to grow is collected more often
            f"-javaagent:{agent}",
            agent_option("cassandra", self.host, self.metrics_port),
            *module_options(),
            "-Djdk.attach.allowAttachSelf=true",
            f"-Djava.rmi.server.hostname={self.host}",  # where clients of JMX are sent to
            "-Dio.netty.tryReflectionSetAccessible=true",
            f"-Djna.tmpdir={temporary}",
            f"-Dio.netty.native.workdir={temporary}",
            "-Dchronicle.analytics.disable=true",
            f"-Dcassandra.config={(self.folder / 'conf' / 'cassandra.yaml').as_uri()}",
            f"-Dcassandra.storagedir={self.folder}",
            f"-Dcassandra.triggers_dir={self.folder / 'triggers'}",
            *(_FOUNDER_OPTIONS if self.ring.is_founder(self.node) else ()),
            "-Dcassandra.superuser_setup_delay_ms=0",
            "-Dcassandra.shutdown_announce_in_ms=0",
            "-cp",
            os.pathsep.join(map(str, [self.folder / "conf", *jars])),
            "org.apache.cassandra.service.CassandraDaemon",
        ]

    def is_ready(self, *, with_peers: bool) -> bool:
        """Return whether it answers CQL and, `with_peers`, knows every other node."""
        peers = cassandra_peers(self.host, self.port, self._login())
        return peers is not None and (not with_peers or peers == self.ring.nodes - 1)

    def _login(self) -> Login | None:
        if self.secrets is None:
            return None
        context = ssl.create_default_context(cafile=str(self.secrets.ca_file))
        password = self.secrets.cassandra_password(ADMIN).read_text("utf-8")
        return Login(context=context, users=((ADMIN, password), FIRST_USER))
