"""Both queries in the Spark of the test session: for faults that do not kill it, since starting a program takes longer than all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import attrs
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from adapters.spark.checkpoint import claim_checkpoint
from adapters.spark.preflight import check_tables
from adapters.spark.progress import BatchProgress, read_progress
from adapters.spark.queries import start_candles, start_trades
from adapters.spark.session import spark_conf
from adapters.spark.settings import AggregatorSettings
from ports.errors import StoreError

from .aggregators import Site, until
from .spark import renew_cassandra_connection
from .timeouts import TIMEOUT_S

PARTITIONS: Final = 2
_OURS: Final = ("spark.sql.streaming.", "spark.sql.decimal", "spark.sql.session.timeZone", "spark.cassandra.")


def await_tables(spark: SparkSession, settings: AggregatorSettings) -> None:
    """Wait until Spark knows of tables that were just made, over a connection that is as new as they are."""
    renew_cassandra_connection(spark)

    def known() -> bool:
        try:
            check_tables(spark, settings)
        except StoreError:
            return False
        return True

    until(known, "Spark knows the tables", TIMEOUT_S)


@attrs.define
class Carrier:
    """Carries a site's topic to its tables."""

    spark: SparkSession
    site: Site
    batches: list[BatchProgress] = attrs.field(factory=list)
    """Of all queries that have ended here."""

    def settings(self, **fields: object) -> AggregatorSettings:
        kafka, cassandra = self.site.kafka, self.site.cassandra
        values: dict[str, object] = {
            "bootstrap_servers": kafka.bootstrap_servers,
            "topic": kafka.trades_topic,
            "dead_letter_topic": kafka.dead_letters_topic,
            "events_topic": kafka.events_topic,
            "candles_topic": kafka.candles_topic,
            "cassandra_hosts": cassandra.hosts,
            "cassandra_port": cassandra.port,
            "keyspace": cassandra.keyspace,
            "checkpoint": str(self.site.checkpoint),
            "shuffle_partitions": PARTITIONS,
            "trigger_s": 0.2,
            **fields,
        }
        return AggregatorSettings(**values)  # type: ignore[arg-type]

    def once(self, **fields: object) -> None:
        """Store all that the topic holds now; raises what a query raises."""
        settings = self.settings(**fields)
        await_tables(self.spark, settings)
        claim_checkpoint(self.spark, settings)
        with self._as_the_program(settings):
            queries: list[StreamingQuery] = []
            try:
                queries += (start(self.spark, settings, once=True) for start in (start_trades, start_candles))
                for query in queries:
                    query.awaitTermination()
            finally:
                self._end(queries)

    @contextmanager
    def running(self, **fields: object) -> Iterator[list[StreamingQuery]]:
        """Run both queries for the time of the block."""
        settings = self.settings(**fields)
        await_tables(self.spark, settings)
        claim_checkpoint(self.spark, settings)
        with self._as_the_program(settings):
            queries = [start(self.spark, settings) for start in (start_trades, start_candles)]
            try:
                yield queries
            finally:
                self._end(queries)

    def until_stored(self, queries: list[StreamingQuery]) -> None:
        """Wait until everything that is on the topic now is stored. Raise the error of a query that fails."""

        def stored() -> bool:
            for query in queries:
                if (failure := query.exception()) is not None:
                    raise failure
            return self.site.all_is_stored()

        until(stored, "everything is stored")

    @property
    def late_rows(self) -> int:
        """The rows that the watermark dropped, as reported by Spark."""
        return sum(batch.late_rows or 0 for batch in self.batches)

    def _end(self, queries: list[StreamingQuery]) -> None:
        for query in queries:
            query.stop()
            self.batches += [read_progress(report) for report in query.recentProgress]

    @contextmanager
    def _as_the_program(self, settings: AggregatorSettings) -> Iterator[None]:
        """Set those options of the program that a running session accepts."""
        conf = self.spark.conf
        wanted = {name: value for name, value in spark_conf(settings).getAll() if name.startswith(_OURS)}
        wanted["spark.sql.shuffle.partitions"] = str(PARTITIONS)
        before = {name: conf.get(name, None) for name in wanted}
        for name, value in wanted.items():
            conf.set(name, value)
        try:
            yield
        finally:
            for name, old in before.items():
                if old is None:
                    conf.unset(name)
                else:
                    conf.set(name, old)
