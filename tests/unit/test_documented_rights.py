"""The table of rights in docs/security.md has the rows of the code."""

import re
from collections import defaultdict
from pathlib import Path

from domain.program_rights import TABLE_RIGHTS, TOPIC_RIGHTS

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
TOPICS = {
    "trades": "trades",
    "dead_letters": "trades.dlq",
    "events": "feed.events",
    "candles": "candles",
    "watchlist": "watchlist",
}


def documented(head: str) -> dict[str, set[str]]:
    """Return the names in the second column of the table with this head, by that in the first."""
    table = PAGE.read_text("utf-8").partition(f"| {head} | may |\n")[2].partition("\n\n")[0]
    rows = (line.split("|")[1:3] for line in table.splitlines()[1:])
    return {name.strip(" `"): set(re.findall(r"`([\w.]+)`", rights)) for name, rights in rows}


def test_each_role_of_cassandra_has_the_documented_tables() -> None:
    tables = defaultdict(set)
    for right in TABLE_RIGHTS:
        tables[right.role].add(right.table)
    assert documented("Cassandra role") == tables


def test_each_user_of_kafka_has_the_documented_topics() -> None:
    topics = defaultdict(set)
    for right in TOPIC_RIGHTS:
        topics[right.user].add(TOPICS[right.topic])
    assert documented("Kafka user") == topics
