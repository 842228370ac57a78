"""Kafka's dashboard: who leads, who is in sync, requests, topics, disks, JVMs."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from .board import INSTANCE, board, instances
from .jvm import jvm_row
from .limits import high_is_bad, low_is_bad, none_is_good
from .panels import Row, graph, tile
from .sources import Query
from .words import Runbook, Words


def cluster() -> Row:
    """Make the row of the cluster's health."""
    return Row(
        "Cluster",
        (
            tile(
                "Active controllers",
                "none",
                Words(
                    shows="How many brokers say that they are the controller.",
                    normal="Exactly 1.",
                    otherwise="0: no quorum; bring brokers back. More: a moment of a change, or a cluster in two halves.",
                    runbook=Runbook.KAFKA_NO_CONTROLLER,
                ),
                Query("sum(kafka_controller_active)", "controllers"),
                limits=low_is_bad(1, 1),
            ),
            tile(
                "Brokers",
                "none",
                Words(
                    shows="Brokers that take part, as the controller sees it.",
                    normal="All that there are.",
                    otherwise="One is away: its log, its disk, its network.",
                    runbook=Runbook.KAFKA_BROKER_DOWN,
                ),
                Query("max(kafka_controller_active_brokers)", "brokers"),
                limits=low_is_bad(1, 1),
            ),
            tile(
                "Brokers away",
                "none",
                Words(
                    shows="Brokers that are known and fenced.",
                    normal="0.",
                    otherwise="Start them; they catch up by themselves.",
                    runbook=Runbook.KAFKA_BROKER_DOWN,
                ),
                Query("max(kafka_controller_fenced_brokers)", "away"),
                limits=none_is_good(1),
            ),
            tile(
                "Without a leader",
                "none",
                Words(
                    shows="Partitions that nobody leads.",
                    normal="0.",
                    otherwise="They can be neither written nor read until a replica that was in sync is back.",
                    runbook=Runbook.KAFKA_OFFLINE_PARTITIONS,
                ),
                Query("max(kafka_controller_offline_partitions)", "partitions"),
                limits=none_is_good(1),
            ),
            tile(
                "Not in sync",
                "none",
                Words(
                    shows="Partitions with a replica that is not in sync, and of these those with too few to accept acks=all.",
                    normal="0.",
                    otherwise="Bring the missing broker back; below the minimum the producer waits, and its buffer fills.",
                    runbook=Runbook.KAFKA_UNDER_REPLICATED,
                ),
                Query("sum(kafka_server_under_replicated_partitions)", "not in sync"),
                limits=none_is_good(1),
            ),
            tile(
                "Disks offline",
                "none",
                Words(
                    shows="Log directories that failed.",
                    normal="0.",
                    otherwise="Replace the disk; replicas elsewhere go on.",
                    runbook=Runbook.KAFKA_DISK_FAILED,
                ),
                Query("sum(kafka_log_directories_offline)", "directories"),
                limits=none_is_good(1),
            ),
            graph(
                "Partitions",
                "short",
                Words(
                    shows="Partitions that a broker holds and, of these, leads.",
                    normal="Evenly spread.",
                    otherwise="A broker leads none after a restart: elect the preferred leaders (kafka-leader-election).",
                ),
                Query(f"kafka_server_partitions{{{INSTANCE}}}", "{{instance}} holds"),
                Query(f"kafka_server_leaders{{{INSTANCE}}}", "{{instance}} leads"),
            ),
            graph(
                "Replicas out of sync",
                "short",
                Words(
                    shows="Partitions led by a broker that lack a replica in sync, or lack enough of them; and replicas on a failed disk.",
                    normal="0.",
                    otherwise="The broker that is missing among the leaders is the one to look at.",
                    runbook=Runbook.KAFKA_UNDER_REPLICATED,
                ),
                Query(f"kafka_server_under_replicated_partitions{{{INSTANCE}}}", "{{instance}} not in sync"),
                Query(f"kafka_server_under_min_isr_partitions{{{INSTANCE}}}", "{{instance}} below the minimum"),
                Query(f"kafka_server_offline_replicas{{{INSTANCE}}}", "{{instance}} failed disk"),
                limits=none_is_good(1),
            ),
            graph(
                "Replicas that fall out and come back",
                "ops",
                Words(
                    shows="Shrinks and expansions of the sets of replicas in sync.",
                    normal="0; some around a restart.",
                    otherwise="Again and again: a broker that is too slow to follow. Its disk, its collections, the network.",
                    runbook=Runbook.KAFKA_UNDER_REPLICATED,
                ),
                Query(
                    f"sum by (instance) (rate(kafka_server_isr_shrinks_total{{{INSTANCE}}}[$__rate_interval]))",
                    "{{instance}} out",
                ),
                Query(
                    f"sum by (instance) (rate(kafka_server_isr_expands_total{{{INSTANCE}}}[$__rate_interval]))",
                    "{{instance}} back",
                ),
            ),
        ),
    )


def requests() -> Row:
    """Make the row of requests."""
    return Row(
        "Requests",
        (
            graph(
                "Produce, p99",
                "s",
                Words(
                    shows="Whole time of a produce request in the broker.",
                    normal="Below 50 ms.",
                    otherwise="Slow disks here, or replicas elsewhere that acks=all waits for.",
                ),
                Query(f'kafka_request_seconds{{{INSTANCE}, request="Produce", quantile="0.99"}}', "{{instance}}"),
                limits=high_is_bad(0.1, 1),
            ),
            graph(
                "Fetch, median",
                "s",
                Words(
                    shows="Whole time of a fetch. It waits for data up to half a second, so an idle topic looks slow.",
                    normal="At most 0.5 s.",
                    otherwise="More than that: reads from disk of a consumer far behind.",
                ),
                Query(
                    f'kafka_request_seconds{{{INSTANCE}, request=~"Fetch.*", quantile="0.5"}}',
                    "{{instance}} {{request}}",
                ),
                limits=high_is_bad(0.75, 2),
            ),
            graph(
                "Requests",
                "reqps",
                Words(
                    shows="How many, by kind.",
                    normal="Produce follows the producer; fetches of consumers follow Spark's trigger.",
                    otherwise="Many small ones: raise linger.ms, or look for an unknown client.",
                ),
                Query(f"sum by (request) (rate(kafka_requests_total{{{INSTANCE}}}[$__rate_interval]))", "{{request}}"),
            ),
            graph(
                "Idle request handlers",
                "percentunit",
                Words(
                    shows="Share of time in which the handlers' threads have nothing to do. A node that is controller as well goes up to 200 %.",
                    normal="Above 70 %.",
                    otherwise="Below 20 % the broker is overloaded: more brokers, or num.io.threads.",
                ),
                Query(f"kafka_request_handler_idle_ratio{{{INSTANCE}}}", "{{instance}}"),
                limits=low_is_bad(0.2, 0.4),
                width=12,
            ),
            graph(
                "Idle network threads",
                "percentunit",
                Words(
                    shows="Share of time in which the network's threads have nothing to do.",
                    normal="Above 70 %.",
                    otherwise="Below 30 %: num.network.threads, or fewer connections.",
                ),
                Query(f"kafka_network_processor_idle_ratio{{{INSTANCE}}}", "{{instance}}"),
                limits=low_is_bad(0.3, 0.5),
                width=12,
            ),
        ),
    )


def topics() -> Row:
    """Make the row of topics."""
    by = "sum by (topic) (rate({metric}{{{where}}}[$__rate_interval]))"
    return Row(
        "Topics",
        (
            graph(
                "Records in",
                "recps",
                Words(
                    shows="Records received, by topic.",
                    normal="`trades` as the producer publishes; the dead letters near 0. A topic appears with its first record.",
                    otherwise="Dead letters rise: their reasons are on the producer's dashboard.",
                    runbook=Runbook.TRADES_REJECTED,
                ),
                Query(by.format(metric="kafka_topic_messages_in_total", where=INSTANCE), "{{topic}}"),
            ),
            graph(
                "Bytes in and out",
                "Bps",
                Words(
                    shows="Bytes received, and bytes sent to consumers, by topic.",
                    normal="Out is in times the consumers: Spark's two queries read everything twice.",
                    otherwise="Out without in: somebody reads the topic again from its start.",
                ),
                Query(by.format(metric="kafka_topic_bytes_in_total", where=INSTANCE), "{{topic}} in"),
                Query(by.format(metric="kafka_topic_bytes_out_total", where=INSTANCE), "{{topic}} out"),
            ),
            graph(
                "Produce requests that failed",
                "reqps",
                Words(
                    shows="Of all topics, by the broker that refused them.",
                    normal="0.",
                    otherwise="The broker's log tells why: too large, too few replicas in sync, not authorised.",
                    runbook=Runbook.TRADES_LOST,
                ),
                Query(
                    f"sum by (instance) (rate(kafka_failed_produce_requests_total{{{INSTANCE}}}[$__rate_interval]))",
                    "{{instance}}",
                ),
                limits=none_is_good(),
            ),
            graph(
                "Records kept",
                "short",
                Words(
                    shows="Records between the oldest and the newest offset, by topic.",
                    normal="Level after the days of retention.",
                    otherwise="It falls to what came last: retention by size is too small for 7 days.",
                ),
                Query(
                    "sum by (topic) (max by (topic, partition) (kafka_log_end_offset)"
                    " - max by (topic, partition) (kafka_log_start_offset))",
                    "{{topic}}",
                ),
                width=12,
            ),
            graph(
                "On disk",
                "bytes",
                Words(
                    shows="What the brokers chosen keep, by topic, all replicas.",
                    normal="Level after the days of retention.",
                    otherwise="Beyond 80 % of the disk: shorten the retention, or add disk. A full disk stops the broker.",
                    runbook=Runbook.DISK_FILLING,
                ),
                Query(f"sum by (topic) (kafka_log_size_bytes{{{INSTANCE}}})", "{{topic}}"),
                width=12,
                stacked=True,
            ),
        ),
    )


def kafka() -> Dashboard:
    """Make the dashboard."""
    about = "Kafka's brokers, by the JMX exporter in each: who leads, who is in sync, requests, topics and disks."
    chosen = instances("kafka_server_partitions", label="Broker")
    return board("kafka", "tapeline: Kafka", about, [cluster(), requests(), topics(), jvm_row()], variables=(chosen,))
