"""The producer's row of librdkafka's own figures."""

from .board import INSTANCE
from .counting import rate
from .limits import high_is_bad
from .panels import Row, graph
from .sources import Query
from .words import Runbook, Words


def client() -> Row:
    """Make the row of librdkafka's own figures."""
    return Row(
        "Kafka client (librdkafka)",
        (
            graph(
                "Round trip, p99",
                "s",
                Words(
                    shows="A request's way to a broker and back, by broker; 0 when nothing was sent in the last second.",
                    normal="Below 50 ms.",
                    otherwise="One broker: that broker. All: the network, or acks=all that waits for slow replicas.",
                ),
                Query(f'tapeline_kafka_client_request_seconds{{{INSTANCE}, quantile="0.99"}}', "broker {{broker}}"),
                limits=high_is_bad(0.1, 1),
                width=6,
            ),
            graph(
                "Wait in the queue, p99",
                "s",
                Words(
                    shows="How long records waited before they were sent, by broker.",
                    normal="About linger.ms.",
                    otherwise="Requests are not answered as quickly as records come.",
                ),
                Query(f'tapeline_kafka_client_queue_seconds{{{INSTANCE}, quantile="0.99"}}', "broker {{broker}}"),
                limits=high_is_bad(0.1, 1),
                width=6,
            ),
            graph(
                "Brokers connected",
                "short",
                Words(
                    shows="Brokers with an open connection.",
                    normal="All that lead a partition.",
                    otherwise="0: no broker can be reached from here. Addresses, network, TLS.",
                    runbook=Runbook.KAFKA_BROKER_DOWN,
                ),
                Query(f"tapeline_kafka_client_brokers_up{{{INSTANCE}}}", "{{instance}}"),
                width=6,
            ),
            graph(
                "Requests sent again or failed",
                "ops",
                Words(
                    shows="Requests that were sent again, could not be sent, or were not answered in time.",
                    normal="0; a few when a leader moves.",
                    otherwise="Timeouts: an overloaded or frozen broker. Errors: connections that break.",
                    runbook=Runbook.KAFKA_BROKER_DOWN,
                ),
                Query(rate("tapeline_kafka_client_retries_total"), "sent again"),
                Query(rate("tapeline_kafka_client_request_errors_total"), "not sent"),
                Query(rate("tapeline_kafka_client_request_timeouts_total"), "timed out"),
                width=6,
            ),
            graph(
                "Requests",
                "reqps",
                Words(
                    shows="Requests sent, by broker.",
                    normal="Fewer than the records: each carries a batch. Evenly spread when leaders are.",
                    otherwise="One broker has them all: leaders are not balanced.",
                ),
                Query(rate("tapeline_kafka_client_requests_total", "broker"), "broker {{broker}}"),
                width=12,
            ),
            graph(
                "Bytes sent",
                "Bps",
                Words(
                    shows="Bytes sent, by broker, compressed.",
                    normal="In step with the trades.",
                    otherwise="0 while trades come: see the buffer and the round trip.",
                ),
                Query(rate("tapeline_kafka_client_sent_bytes_total", "broker"), "broker {{broker}}"),
                width=12,
            ),
        ),
    )
