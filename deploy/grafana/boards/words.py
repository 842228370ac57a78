"""What a panel says of itself: what it shows, what is normal, what to do when it is not, and the runbook that has the steps."""

import enum
from typing import Final

import attrs
from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

RUNBOOKS: Final = "${runbooks}"
"""Where the runbooks are; a variable of each dashboard."""


class Runbook(enum.StrEnum):
    """The pages in docs/runbooks that panels lead to; each is the name of an alert."""

    AGGREGATOR_BATCH_FAILED = "AggregatorBatchFailed"
    AGGREGATOR_DOWN = "AggregatorDown"
    AGGREGATOR_QUERY_STOPPED = "AggregatorQueryStopped"
    AGGREGATOR_REJECTS = "AggregatorRejects"
    AGGREGATOR_STALLED = "AggregatorStalled"
    CASSANDRA_DROPPING_WRITES = "CassandraDroppingWrites"
    CASSANDRA_NODE_DOWN = "CassandraNodeDown"
    CASSANDRA_REQUESTS_FAILING = "CassandraRequestsFailing"
    CHECKPOINT_SLOW = "CheckpointSlow"
    CONSUMER_LAG_GROWING = "ConsumerLagGrowing"
    DISK_FILLING = "DiskFilling"
    FEED_DISCONNECTED = "FeedDisconnected"
    FEED_RECONNECT_STORM = "FeedReconnectStorm"
    FEED_SILENT = "FeedSilent"
    FRESHNESS_BURNS_FAST = "FreshnessBurnsFast"
    INSTANCE_DOWN = "InstanceDown"
    KAFKA_BROKER_DOWN = "KafkaBrokerDown"
    KAFKA_DISK_FAILED = "KafkaDiskFailed"
    KAFKA_NO_CONTROLLER = "KafkaNoController"
    KAFKA_OFFLINE_PARTITIONS = "KafkaOfflinePartitions"
    KAFKA_UNDER_REPLICATED = "KafkaUnderReplicated"
    LATENCY_BURNS_FAST = "LatencyBurnsFast"
    MICRO_BATCH_SLOW = "MicroBatchSlow"
    PRODUCER_DOWN = "ProducerDown"
    PUBLISHER_BUFFER_FILLING = "PublisherBufferFilling"
    TRADES_LOST = "TradesLost"
    TRADES_REJECTED = "TradesRejected"
    TRADES_UNACKNOWLEDGED = "TradesUnacknowledged"


@attrs.frozen(kw_only=True)
class Words:
    """A panel's description."""

    shows: str
    normal: str
    otherwise: str
    runbook: Runbook | None = None

    def text(self) -> str:
        """Give it as Markdown, as the panel's help shows it."""
        return f"{self.shows}\n\n**Normal:** {self.normal}\n\n**Otherwise:** {self.otherwise}"

    def links(self) -> list[DashboardLink]:
        """Give the link to the runbook, when there is one."""
        if self.runbook is None:
            return []
        link = DashboardLink(f"Runbook: {self.runbook}").type(DashboardLinkType.LINK)
        return [link.url(f"{RUNBOOKS}/{self.runbook}.md").target_blank(True)]
