"""The servers and programs of `make stack` are frozen, stopped and killed: each is red on the page, reported by its alert, explained, and resolved."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.needs import MONITORING
from tests.support.watched_stacks import simulator, watched_on

from .fault_report import Tell

pytestmark = [pytest.mark.servers, pytest.mark.faults, pytest.mark.needs(*MONITORING), pytest.mark.timeout(900)]

SERVERS = ("kafka-1", "cassandra-1")


def test_servers_and_programs_that_freeze_or_end_are_red_on_the_page_and_reported(tmp_path: Path, tell: Tell) -> None:
    with simulator() as finnhub, watched_on(tmp_path, finnhub) as seen, ExitStack() as by_hand:
        programs = seen.programs()
        assert len(programs) == 2

        # Broker and node are frozen, so that connections stay open; then the one is killed and the other stopped.
        mark = len(seen.delivered("firing"))
        for server in SERVERS:
            seen.stack.pause(server)
        seen.are("down", "Kafka", "Cassandra", "Store")
        seen.stack.kill("kafka-1")
        seen.stack.stop("cassandra-1")
        seen.fires("KafkaDown", "CassandraDown")
        seen.are("down", "Kafka", "Cassandra", "Store")
        seen.silenced("KafkaBrokerDown", "CassandraNodeDown", since=mark)
        seen.runbooks_can_be_read()
        for server in SERVERS:
            seen.stack.start(server)
        seen.over("KafkaDown", "CassandraDown")
        seen.are("ok", "Kafka", "Cassandra", "Store")
        assert {"KafkaDown", "CassandraDown"} <= set(seen.delivered("resolved"))

        # Both programs are killed; the aggregator may have ended with the servers, as it should.
        for program in programs:
            program.kill()
        seen.are("down", "Aggregator", "Producer")
        seen.fires("AggregatorDown", "ProducerDown")
        seen.runbooks_can_be_read()

        # They are started again by hand, as their runbooks say.
        for program in programs:
            by_hand.enter_context(program.again(tmp_path))
        seen.over("AggregatorDown", "ProducerDown")
        seen.are("ok", "Feed", "Producer", "Kafka", "Aggregator", "Cassandra", "Store", "Data")
        tell(
            "servers and programs of `make stack` frozen, stopped, killed",
            "red on the page, one alert each with a runbook, resolved",
            f"{len(seen.delivered('firing'))} alerts fired, {len(seen.delivered('resolved'))} resolved",
        )
