"""What every probe promises, asked of real servers: a frozen one, which still takes connections, does not answer."""

import time
from collections.abc import Iterator

import attrs
import pytest

from adapters.cassandra.probe import CassandraProbe
from adapters.kafka.probe import KafkaProbe
from adapters.kafka.settings import KafkaSettings
from apps.local_stack.parts import cassandra_of, kafka_of
from devstack.servers.secrets import ADMIN
from devstack.stack import Stack
from ports.errors import PortError
from ports.probe import Probe
from tests.support.timeouts import TIMEOUT_S, scaled, wait_until

QUICK_S = 1.0


@attrs.frozen
class Asked:
    """A probe, and the server that it asks."""

    probe: Probe
    stack: Stack
    server: str
    nobody: Probe
    """The same kind of probe, at a port where nobody is."""

    def until_answered(self) -> None:
        wait_until(self._answers, f"{self.server} answers", scaled(60))

    def _answers(self) -> bool:
        try:
            self.probe.ask(scaled(5))
        except PortError:
            return False
        return True


class ProbeContract:
    @pytest.fixture
    def asked(self) -> Iterator[Asked]:
        raise NotImplementedError

    def test_a_server_that_is_well_answers(self, asked: Asked) -> None:
        asked.until_answered()
        asked.probe.ask(TIMEOUT_S)

    def test_a_frozen_server_does_not_answer_within_the_time_and_does_again_once_it_goes_on(self, asked: Asked) -> None:
        asked.until_answered()
        asked.stack.pause(asked.server)
        try:
            for _ in range(2):
                begun_s = time.monotonic()
                with pytest.raises(PortError):
                    asked.probe.ask(QUICK_S)
                assert time.monotonic() - begun_s < QUICK_S + scaled(10)
        finally:
            asked.stack.resume(asked.server)
        asked.until_answered()

    def test_where_nobody_is_starting_is_no_error_and_asking_is(self, asked: Asked) -> None:
        asked.nobody.start()
        try:
            for _ in range(2):
                with pytest.raises(PortError):
                    asked.nobody.ask(QUICK_S)
        finally:
            asked.nobody.close()
            asked.nobody.close()

    def test_closing_twice_is_fine_and_it_can_be_started_again(self, asked: Asked) -> None:
        asked.probe.close()
        asked.probe.close()
        asked.probe.start()
        asked.probe.start()
        asked.until_answered()


@pytest.mark.servers
class TestKafkaProbe(ProbeContract):
    @pytest.fixture
    def asked(self, each_kafka_stack: Stack) -> Iterator[Asked]:
        settings = kafka_of(each_kafka_stack, ADMIN)
        probe, nobody = KafkaProbe(settings), KafkaProbe(attrs.evolve(settings, bootstrap_servers="127.0.0.1:9"))
        probe.start()
        yield Asked(probe, each_kafka_stack, "kafka-1", nobody)
        probe.close()

    def test_before_it_is_started_it_says_so(self) -> None:
        with pytest.raises(PortError, match=r"start\(\)"):
            KafkaProbe(KafkaSettings()).ask(QUICK_S)


@pytest.mark.servers
class TestCassandraProbe(ProbeContract):
    @pytest.fixture
    def asked(self, each_cassandra_stack: Stack) -> Iterator[Asked]:
        settings = cassandra_of(each_cassandra_stack, ADMIN)
        probe = CassandraProbe(settings)
        probe.start()
        yield Asked(probe, each_cassandra_stack, "cassandra-1", CassandraProbe(attrs.evolve(settings, port=9)))
        probe.close()
