"""The producer's dashboard: the feed, intake, the publisher, and what librdkafka says of the brokers."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from .board import INSTANCE, board, instances
from .client import client
from .counting import rate
from .limits import high_is_bad, none_is_good
from .panels import Row, graph
from .sources import Query
from .words import Runbook, Words


def quantiles(metric: str) -> list[Query]:
    """Ask for the median, p95 and p99 of a histogram, over the instances chosen."""
    return [
        Query(f"histogram_quantile({share}, {rate(f'{metric}_bucket', 'le')})", name)
        for share, name in ((0.5, "median"), (0.95, "p95"), (0.99, "p99"))
    ]


def feed() -> Row:
    """Make the row of what comes in."""
    return Row(
        "Feed",
        (
            graph(
                "Received",
                "recps",
                Words(
                    shows="Frames, valid trades, price updates (volume 0) and trades that came again with their whole frame.",
                    normal="As the market. Redelivered trades come after reconnects, and are left out.",
                    otherwise="Frames without trades: all are rejected. No frames: see the last frame.",
                    runbook=Runbook.FEED_SILENT,
                ),
                Query(rate("tapeline_feed_trades_total", "kind"), "{{kind}}"),
                Query(rate("tapeline_feed_frames_total"), "frames"),
                Query(rate("tapeline_feed_redelivered_trades_total"), "redelivered"),
            ),
            graph(
                "Since the last frame and the last trade",
                "s",
                Words(
                    shows="Frames count heartbeats, trades must be valid.",
                    normal="A second or two; frames up to a minute while markets are closed.",
                    otherwise="Frames and no trades: markets are closed, or the subscription is gone. Neither: the connection is dead, and is given up soon.",
                    runbook=Runbook.FEED_SILENT,
                ),
                Query(f"time() - tapeline_feed_last_frame_timestamp_seconds{{{INSTANCE}}}", "{{instance}} frame"),
                Query(f"time() - tapeline_feed_last_trade_timestamp_seconds{{{INSTANCE}}}", "{{instance}} trade"),
                limits=high_is_bad(30, 60),
            ),
            graph(
                "Latency of the feed",
                "s",
                Words(
                    shows="From the venue's stamp to received, of each valid trade. A clock that is ahead there counts as 0.",
                    normal="p95 below 1 s.",
                    otherwise="This machine's clock (chrony, ntp), the provider, or a feed that is held back by a full buffer.",
                ),
                *quantiles("tapeline_feed_latency_seconds"),
                limits=high_is_bad(1, 5),
            ),
            graph(
                "Rejected, by reason",
                "recps",
                Words(
                    shows="What failed a rule and became a dead letter, by the rule's name in domain/rejection.py.",
                    normal="0, or near it.",
                    otherwise="`trades.dlq` has the bytes and the reason of each. All `malformed`: the provider changed its format. `in_future`: a clock.",
                    runbook=Runbook.TRADES_REJECTED,
                ),
                Query(rate("tapeline_feed_rejected_total", "reason"), "{{reason}}"),
                stacked=True,
            ),
            graph(
                "Connected",
                "short",
                Words(
                    shows="1 while the connection to the provider stands.",
                    normal="1.",
                    otherwise="It reconnects by itself with growing waits. The log names the cause of each attempt that failed.",
                    runbook=Runbook.FEED_DISCONNECTED,
                ),
                Query(f"tapeline_feed_connected{{{INSTANCE}}}", "{{instance}}"),
                top=1,
            ),
            graph(
                "Connections made and lost",
                "short",
                Words(
                    shows="In the 5 minutes before each moment. Silences and refusals (HTTP 429) are disconnects as well.",
                    normal="One connection at the start; a disconnect now and then.",
                    otherwise="Many: two programs share a key, or the network flaps. Refused: waits grow until the provider relents.",
                    runbook=Runbook.FEED_RECONNECT_STORM,
                ),
                Query(f"sum(increase(tapeline_feed_connects_total{{{INSTANCE}}}[5m]))", "connections"),
                Query(f"sum(increase(tapeline_feed_disconnects_total{{{INSTANCE}}}[5m]))", "disconnects"),
                Query(f"sum(increase(tapeline_feed_silences_total{{{INSTANCE}}}[5m]))", "given up in silence"),
                Query(f"sum(increase(tapeline_feed_rate_limited_total{{{INSTANCE}}}[5m]))", "refused (429)"),
                Query(f"sum(increase(tapeline_feed_provider_errors_total{{{INSTANCE}}}[5m]))", "errors told"),
            ),
        ),
    )


def publisher() -> Row:
    """Make the row of what goes out."""
    return Row(
        "Publisher",
        (
            graph(
                "Published and acknowledged",
                "recps",
                Words(
                    shows="Records handed over, by kind, and records that Kafka keeps.",
                    normal="Acknowledged is the sum of the others.",
                    otherwise="Acknowledged is less: records wait, see the buffer.",
                    runbook=Runbook.TRADES_UNACKNOWLEDGED,
                ),
                Query(rate("tapeline_publisher_published_total", "item"), "{{item}} published"),
                Query(rate("tapeline_publisher_acknowledged_total"), "acknowledged"),
            ),
            graph(
                "Failed deliveries",
                "short",
                Words(
                    shows="Records given up, in the 5 minutes before each moment.",
                    normal="0.",
                    otherwise="Each is lost: refused by the broker for its own sake, or let go at the end. The log has the reason.",
                    runbook=Runbook.TRADES_LOST,
                ),
                Query(
                    f"sum by (instance) (increase(tapeline_publisher_failed_total{{{INSTANCE}}}[5m]))", "{{instance}}"
                ),
                limits=none_is_good(1),
            ),
            graph(
                "Publish latency",
                "s",
                Words(
                    shows="From published to acknowledged, of each record.",
                    normal="p99 below 0.1 s, after the first seconds.",
                    otherwise="The broker's round trip, beside, tells whether it is Kafka or the wait in the buffer here.",
                ),
                *quantiles("tapeline_publish_latency_seconds"),
                limits=high_is_bad(0.1, 1),
            ),
            graph(
                "Buffer in use",
                "percentunit",
                Words(
                    shows="Records and bytes in the buffer or on the way, as part of what may be.",
                    normal="Below 1 %.",
                    otherwise="It fills while Kafka does not take what is sent; at 100 % the feed is held back.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query(
                    f"tapeline_publisher_pending_records{{{INSTANCE}}} / tapeline_publisher_buffer_records{{{INSTANCE}}}",
                    "{{instance}} records",
                ),
                Query(
                    f"tapeline_kafka_client_queued_bytes{{{INSTANCE}}} / tapeline_kafka_client_buffer_bytes{{{INSTANCE}}}",
                    "{{instance}} bytes",
                ),
                limits=high_is_bad(0.5, 0.8),
                top=1,
            ),
            graph(
                "Pending records",
                "short",
                Words(
                    shows="Records in the buffer or on the way. They are in this process's memory alone.",
                    normal="A few: what is sent within some milliseconds.",
                    otherwise="It rises: Kafka is slow or away. Do not restart the producer; that loses what waits.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query(f"tapeline_publisher_pending_records{{{INSTANCE}}}", "{{instance}}"),
            ),
            graph(
                "Ready",
                "short",
                Words(
                    shows="1 while `/readyz` answers 200.",
                    normal="1.",
                    otherwise="`/readyz` names the reasons, one a line.",
                    runbook=Runbook.PRODUCER_DOWN,
                ),
                Query(f"tapeline_ready{{{INSTANCE}}}", "{{instance}}"),
                top=1,
            ),
        ),
    )


def process() -> Row:
    """Make the row of the process."""
    return Row(
        "Process",
        (
            graph(
                "CPU",
                "short",
                Words(
                    shows="Cores that the process keeps busy.",
                    normal="Below 0.5; Python uses one at most, librdkafka a bit more.",
                    otherwise="Near 1: it cannot take more trades. Share the symbols out between producers, each with a key of its own.",
                ),
                Query(f"rate(process_cpu_seconds_total{{{INSTANCE}}}[$__rate_interval])", "{{instance}}"),
                limits=high_is_bad(0.8, 0.95),
                width=12,
            ),
            graph(
                "Memory",
                "bytes",
                Words(
                    shows="Resident memory.",
                    normal="Level, about 100 MB; more while the buffer is full.",
                    otherwise="It rises without an end: take a heap profile before you restart it.",
                ),
                Query(f"process_resident_memory_bytes{{{INSTANCE}}}", "{{instance}}"),
                width=12,
            ),
        ),
    )


def producer() -> Dashboard:
    """Make the dashboard."""
    about = "What the producer receives, rejects and publishes, and how Kafka takes it."
    chosen = instances("tapeline_publisher_buffer_records")
    return board(
        "producer", "tapeline: producer", about, [feed(), publisher(), client(), process()], variables=(chosen,)
    )
