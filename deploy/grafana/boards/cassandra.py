"""Cassandra's dashboard: nodes, requests, what waits, disks, JVMs."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from .board import INSTANCE, board, instances
from .counting import rate
from .jvm import jvm_row
from .limits import high_is_bad, low_is_bad, none_is_good
from .panels import Row, graph, tile
from .sources import Query
from .words import Runbook, Words


def nodes() -> Row:
    """Make the row of the cluster's health."""
    return Row(
        "Nodes",
        (
            tile(
                "Up",
                "none",
                Words(
                    shows="Nodes that are up, as the node that sees fewest sees it.",
                    normal="All that there are.",
                    otherwise="A node is down, or two halves do not see each other.",
                    runbook=Runbook.CASSANDRA_NODE_DOWN,
                ),
                Query('min(cassandra_endpoints{state="up"})', "up"),
                limits=low_is_bad(1, 1),
                width=6,
            ),
            tile(
                "Down",
                "none",
                Words(
                    shows="Nodes that some node sees down.",
                    normal="0.",
                    otherwise="Start it within 3 hours, and hints bring it up to date; after that it needs a repair.",
                    runbook=Runbook.CASSANDRA_NODE_DOWN,
                ),
                Query('max(cassandra_endpoints{state="down"})', "down"),
                limits=none_is_good(1),
                width=6,
            ),
            tile(
                "Clients",
                "none",
                Words(
                    shows="Connections of CQL, to all nodes.",
                    normal="A few for each program: Spark, queries, the page, Grafana.",
                    otherwise="Hundreds: a program that opens a session a request.",
                ),
                Query("sum(cassandra_connected_clients)", "connections"),
                width=6,
            ),
            tile(
                "Uncaught errors",
                "short",
                Words(
                    shows="Errors that nobody caught, in the last hour.",
                    normal="0.",
                    otherwise="The node's log has a stack for each: corrupt files, a full disk.",
                ),
                Query("sum(increase(cassandra_storage_exceptions_total[1h]))", "errors"),
                limits=none_is_good(),
                width=6,
            ),
        ),
    )


def requests() -> Row:
    """Make the row of requests."""
    return Row(
        "Requests",
        (
            graph(
                "Requests",
                "reqps",
                Words(
                    shows="What clients asked for, by kind, as coordinator.",
                    normal="Writes follow Spark's micro-batches, reads the pages and queries. Some ten range slices a micro-batch: its connector reads the schema.",
                    otherwise="Hundreds of range slices are scans over the ring: only the batch layer and exports have reason for them.",
                ),
                Query(rate("cassandra_client_requests_total", "operation"), "{{operation}}"),
            ),
            graph(
                "Latency, p99",
                "s",
                Words(
                    shows="As coordinator, by node and kind.",
                    normal="Writes below 5 ms on disks of their own; reads of a day's candles below 50 ms.",
                    otherwise="Pending compactions, collections of the JVM, or a slow disk: the panels below.",
                ),
                Query(
                    f'cassandra_client_request_seconds{{{INSTANCE}, operation=~"Read|Write", quantile="0.99"}}',
                    "{{instance}} {{operation}}",
                ),
                limits=high_is_bad(0.1, 1),
            ),
            graph(
                "Timeouts, failures, unavailables",
                "reqps",
                Words(
                    shows="Requests that were not answered in time, failed, or found too few replicas alive.",
                    normal="0.",
                    otherwise="Unavailable: nodes are down. Timeouts: overload. Spark's micro-batch fails and is written again: no row is lost.",
                    runbook=Runbook.CASSANDRA_REQUESTS_FAILING,
                ),
                Query(rate("cassandra_client_request_timeouts_total", "operation"), "{{operation}} timeouts"),
                Query(rate("cassandra_client_request_failures_total", "operation"), "{{operation}} failures"),
                Query(rate("cassandra_client_request_unavailables_total", "operation"), "{{operation}} unavailable"),
                limits=none_is_good(),
            ),
        ),
    )


def waiting() -> Row:
    """Make the row of what waits or was given up."""
    return Row(
        "Waiting and given up",
        (
            graph(
                "Pending tasks",
                "short",
                Words(
                    shows="Tasks that wait, by pool.",
                    normal="0, with short spikes.",
                    otherwise="MutationStage or ReadStage above 0 for long: the node cannot follow.",
                    runbook=Runbook.CASSANDRA_DROPPING_WRITES,
                ),
                Query(f"sum by (pool) (cassandra_thread_pool_pending_tasks{{{INSTANCE}}})", "{{pool}}"),
                limits=high_is_bad(100, 1_000),
                width=6,
            ),
            graph(
                "Blocked tasks",
                "ops",
                Words(
                    shows="Tasks that found their pool and its queue full.",
                    normal="0.",
                    otherwise="Clients send more than the node takes: fewer writes at once in Spark, or more nodes.",
                    runbook=Runbook.CASSANDRA_DROPPING_WRITES,
                ),
                Query(rate("cassandra_thread_pool_blocked_tasks_total", "pool"), "{{pool}}"),
                limits=none_is_good(),
                width=6,
            ),
            graph(
                "Dropped messages",
                "ops",
                Words(
                    shows="Work given up because it was too old, by kind.",
                    normal="0.",
                    otherwise="MUTATION_REQ: a replica missed a write; a hint or a repair brings it. The cluster is overloaded.",
                    runbook=Runbook.CASSANDRA_DROPPING_WRITES,
                ),
                Query(rate("cassandra_dropped_messages_total", "message"), "{{message}}"),
                limits=none_is_good(),
                width=6,
            ),
            graph(
                "Hints",
                "ops",
                Words(
                    shows="Writes kept for a node that was away.",
                    normal="0 while all nodes are up.",
                    otherwise="A node is down. After 3 hours no more hints are kept for it, and it needs a repair.",
                    runbook=Runbook.CASSANDRA_NODE_DOWN,
                ),
                Query(rate("cassandra_hints_total", "instance"), "{{instance}} kept"),
                Query(f"cassandra_hints_in_progress{{{INSTANCE}}}", "{{instance}} in progress"),
                width=6,
            ),
        ),
    )


def disks() -> Row:
    """Make the row of disks."""
    return Row(
        "Disks",
        (
            graph(
                "Pending compactions",
                "short",
                Words(
                    shows="Compactions that wait.",
                    normal="Below 20: one time window a table and day.",
                    otherwise="It rises: the disk or compaction_throughput is too slow for the writes; reads slow down.",
                ),
                Query(f"cassandra_pending_compactions{{{INSTANCE}}}", "{{instance}}"),
                limits=high_is_bad(20, 100),
                width=6,
            ),
            graph(
                "Data, by table",
                "bytes",
                Words(
                    shows="Live data on disk of the nodes chosen; Cassandra's own keyspaces are left out.",
                    normal="Trades grow for 30 days and candles for 90, then they are level.",
                    otherwise="It grows beyond: rows do not expire; has somebody written with another TTL?",
                    runbook=Runbook.DISK_FILLING,
                ),
                Query(f"sum by (keyspace, table) (cassandra_table_disk_bytes{{{INSTANCE}}})", "{{keyspace}}.{{table}}"),
                width=6,
                stacked=True,
            ),
            graph(
                "Data, by node",
                "bytes",
                Words(
                    shows="All data on a node's disk.",
                    normal="About the same on all nodes, and below half of the disk.",
                    otherwise="One has much more: tokens are not balanced, or snapshots were left.",
                    runbook=Runbook.DISK_FILLING,
                ),
                Query(f"cassandra_storage_load_bytes{{{INSTANCE}}}", "{{instance}}"),
                width=6,
            ),
            graph(
                "Commit log",
                "bytes",
                Words(
                    shows="Size of the commit log.",
                    normal="A saw tooth, below its limit.",
                    otherwise="At its limit memtables are flushed early: more, smaller files and more compaction.",
                ),
                Query(f"cassandra_commit_log_bytes{{{INSTANCE}}}", "{{instance}}"),
                width=6,
            ),
            graph(
                "Writes that wait for the commit log",
                "short",
                Words(
                    shows="Tasks that wait to be written to the commit log.",
                    normal="0.",
                    otherwise="Its disk is too slow: put it on a disk of its own.",
                ),
                Query(f"cassandra_commit_log_pending_tasks{{{INSTANCE}}}", "{{instance}}"),
                limits=high_is_bad(10, 100),
                width=24,
            ),
        ),
    )


def cassandra() -> Dashboard:
    """Make the dashboard."""
    about = "Cassandra's nodes, by the JMX exporter in each: who is up, requests, what waits, and disks."
    chosen = instances("cassandra_connected_clients", label="Node")
    rows = [nodes(), requests(), waiting(), disks(), jvm_row()]
    return board("cassandra", "tapeline: Cassandra", about, rows, variables=(chosen,))
