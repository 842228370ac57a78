"""The overview's rows of what brings trades in: the feed and the producer. Well or not, how much, how quick, and what waits."""

from . import stages
from .limits import high_is_bad, none_is_good
from .panels import Row, state_tile, tile
from .sources import Query
from .words import Runbook, Words


def feed_row() -> Row:
    """Make the feed's row."""
    silent = Words(
        shows="Time since a valid trade was last received.",
        normal="A second or two while a market is open; crypto is always open.",
        otherwise="Connected and silent: the provider, the subscription, or a market that is closed.",
        runbook=Runbook.FEED_SILENT,
    )
    return Row(
        "Feed",
        (
            state_tile(
                "Feed",
                Words(
                    shows="Whether the connection to the provider stands.",
                    normal="OK.",
                    otherwise="It reconnects by itself, for ever. When it cannot: network, the key, or a second user of the key.",
                    runbook=Runbook.FEED_DISCONNECTED,
                ),
                stages.FEED,
            ),
            tile(
                "Trades received",
                "recps",
                Words(
                    shows="Valid trades and price updates a second, of the last minute.",
                    normal="As the market: tens to thousands in the open hours, fewer at night.",
                    otherwise="0 while markets are open: see the last trade, beside.",
                    runbook=Runbook.FEED_SILENT,
                ),
                Query("sum(rate(tapeline_feed_trades_total[1m]))", "trades"),
            ),
            tile(
                "Last trade",
                "s",
                silent,
                Query("time() - max(tapeline_feed_last_trade_timestamp_seconds)", "ago"),
                limits=high_is_bad(30, 120),
            ),
            tile(
                "Latency of the feed, p95",
                "s",
                Words(
                    shows="From the venue's stamp to received, of the last 5 minutes.",
                    normal="Below 1 s; it is the provider's and the network's.",
                    otherwise="A clock that is wrong here (chrony, ntp), or a provider that lags. Nothing here makes it quicker.",
                ),
                Query("histogram_quantile(0.95, sum by (le) (rate(tapeline_feed_latency_seconds_bucket[5m])))", "p95"),
                limits=high_is_bad(1, 5),
            ),
            tile(
                "Rejected",
                "percentunit",
                Words(
                    shows="Part of what came that failed a rule and became a dead letter, of the last 5 minutes.",
                    normal="Below 0.1 %.",
                    otherwise="The producer's dashboard tells the reasons; the records are in `trades.dlq`. A new reason is often a new format.",
                    runbook=Runbook.TRADES_REJECTED,
                ),
                Query(
                    "sum(rate(tapeline_feed_rejected_total[5m]))"
                    " / (sum(rate(tapeline_feed_trades_total[5m])) + sum(rate(tapeline_feed_rejected_total[5m])))",
                    "rejected",
                ),
                limits=high_is_bad(0.001, 0.01),
            ),
            tile(
                "Disconnects",
                "short",
                Words(
                    shows="Connections lost and attempts that failed, in the last 15 minutes.",
                    normal="0; one now and then is the provider's habit.",
                    otherwise="Many: a storm of reconnects. Two programs with one key close each other's connection.",
                    runbook=Runbook.FEED_RECONNECT_STORM,
                ),
                Query("sum(increase(tapeline_feed_disconnects_total[15m]))", "disconnects"),
                limits=high_is_bad(3, 10),
            ),
        ),
    )


def producer_row() -> Row:
    """Make the producer's row."""
    return Row(
        "Producer",
        (
            state_tile(
                "Producer",
                Words(
                    shows="Whether `/readyz` says yes: the feed is connected, a broker answers, the buffer has room.",
                    normal="OK.",
                    otherwise="Ask `/readyz`: it names the reason. No answer at all: the process is gone; see its log.",
                    runbook=Runbook.PRODUCER_DOWN,
                ),
                stages.PRODUCER,
            ),
            tile(
                "Published",
                "recps",
                Words(
                    shows="Records a second handed over for delivery, dead letters included, of the last minute.",
                    normal="The feed's trades.",
                    otherwise="Less than what is received: the buffer is full and holds the feed back.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query("sum(rate(tapeline_publisher_published_total[1m]))", "published"),
            ),
            tile(
                "Acknowledged",
                "recps",
                Words(
                    shows="Records a second that Kafka says it keeps, of the last minute.",
                    normal="As many as were published.",
                    otherwise="Fewer: Kafka is slow or away, and records wait in the buffer.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query("sum(rate(tapeline_publisher_acknowledged_total[1m]))", "acknowledged"),
            ),
            tile(
                "Publish latency, p99",
                "s",
                Words(
                    shows="From published to acknowledged, of the last 5 minutes.",
                    normal="Below 0.1 s; 10 ms on quiet disks. The first seconds after a start are slower.",
                    otherwise="Look at Kafka's requests and at its disks.",
                ),
                Query(
                    "histogram_quantile(0.99, sum by (le) (rate(tapeline_publish_latency_seconds_bucket[5m])))", "p99"
                ),
                limits=high_is_bad(0.1, 1),
            ),
            tile(
                "Buffer in use",
                "percentunit",
                Words(
                    shows="Records in the buffer or on the way, as part of what may be.",
                    normal="Below 1 %.",
                    otherwise="It fills while Kafka does not take what is sent. Full, it holds the feed back: nothing is dropped here, but the provider may.",
                    runbook=Runbook.PUBLISHER_BUFFER_FILLING,
                ),
                Query("max(tapeline_publisher_pending_records / tapeline_publisher_buffer_records)", "in use"),
                limits=high_is_bad(0.5, 0.8),
            ),
            tile(
                "Failed deliveries",
                "short",
                Words(
                    shows="Records given up, in the last hour.",
                    normal="0.",
                    otherwise="Each is lost. The producer's log has the reason.",
                    runbook=Runbook.TRADES_LOST,
                ),
                Query("sum(increase(tapeline_publisher_failed_total[1h]))", "failed"),
                limits=none_is_good(),
            ),
        ),
    )
