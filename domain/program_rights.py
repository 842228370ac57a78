"""What each program may do with topics, groups and tables: the least that it needs, and nothing that is not here.

A user of Kafka and a role of Cassandra have the name of their program. The administrator is not listed: it may do everything.
"""

from typing import Final, Literal

import attrs

TopicName = Literal["trades", "dead_letters", "events", "candles", "watchlist"]
KafkaOperation = Literal["DESCRIBE", "DESCRIBE_CONFIGS", "READ", "WRITE"]
TablePermission = Literal["SELECT", "MODIFY"]


@attrs.frozen(kw_only=True)
class TopicRight:
    """A user may do this with a topic. READ and WRITE include DESCRIBE."""

    user: str
    topic: TopicName
    operation: KafkaOperation


@attrs.frozen(kw_only=True)
class GroupRight:
    """A user may do this with a consumer group: READ is to be a member, DESCRIBE to see the members and to find its coordinator."""

    user: str
    group: Literal["watchlist", "topic_reader"]
    """The group that shares the watchlist, or the name that readers have who join no group."""
    operation: Literal["DESCRIBE", "READ"]


@attrs.frozen(kw_only=True)
class TableRight:
    """A role may do this with a table of the pipeline's keyspace."""

    role: str
    table: str
    permission: TablePermission


def _topic(user: str, operation: KafkaOperation, *topics: TopicName) -> list[TopicRight]:
    return [TopicRight(user=user, topic=topic, operation=operation) for topic in topics]


def _table(role: str, permission: TablePermission, *tables: str) -> list[TableRight]:
    return [TableRight(role=role, table=table, permission=permission) for table in tables]


TOPIC_RIGHTS: Final = (
    *_topic("producer", "WRITE", "trades", "dead_letters", "events"),
    *_topic("producer", "READ", "watchlist"),
    *_topic("aggregator", "READ", "trades", "events"),
    *_topic("aggregator", "WRITE", "dead_letters", "candles"),
    *_topic("reconcile", "WRITE", "candles"),
    *_topic("watchlist", "READ", "watchlist"),
    *_topic("watchlist", "WRITE", "watchlist"),
    *_topic("dlq", "READ", "dead_letters"),
    *_topic("dlq", "WRITE", "trades", "dead_letters", "events"),
    *_topic("report", "READ", "dead_letters"),
    *_topic("monitoring", "DESCRIBE", "trades", "dead_letters", "events", "candles", "watchlist"),
    *_topic("monitoring", "DESCRIBE_CONFIGS", "trades", "dead_letters", "events", "candles", "watchlist"),
)

GROUP_RIGHTS: Final = (
    GroupRight(user="producer", group="watchlist", operation="READ"),
    GroupRight(user="watchlist", group="watchlist", operation="DESCRIBE"),
    GroupRight(user="dlq", group="topic_reader", operation="DESCRIBE"),
    GroupRight(user="report", group="topic_reader", operation="DESCRIBE"),
)

TABLE_RIGHTS: Final = (
    *_table("aggregator", "MODIFY", "trades_v2", "trade_aggregates", "candle_revisions", "feed_events"),
    # A restatement keeps the candle that it replaces.
    *_table("aggregator", "SELECT", "trade_aggregates"),
    *_table("query", "SELECT", "trades_v2", "trade_aggregates", "candle_revisions", "feed_events", "daily_candles"),
    *_table(
        "dashboard",
        "SELECT",
        "trades_v2",
        "trade_aggregates",
        "candle_revisions",
        "feed_events",
        "daily_reports",
        "daily_candles",
    ),
    *_table("reconcile", "SELECT", "trades_v2", "trade_aggregates", "candle_revisions"),
    *_table("reconcile", "MODIFY", "trade_aggregates", "candle_revisions", "daily_candles"),
    *_table("report", "SELECT", "trades_v2", "trade_aggregates", "candle_revisions", "feed_events"),
    *_table("report", "MODIFY", "daily_reports", "daily_candles"),
    *_table(
        "monitoring",
        "SELECT",
        "trades_v2",
        "trade_aggregates",
        "candle_revisions",
        "feed_events",
        "daily_reports",
        "daily_candles",
        "schema_migrations",
    ),
)

USERS: Final = tuple(sorted({right.user for right in TOPIC_RIGHTS} | {right.user for right in GROUP_RIGHTS}))
ROLES: Final = tuple(sorted({right.role for right in TABLE_RIGHTS}))
