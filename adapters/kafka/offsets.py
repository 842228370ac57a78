"""Where the partitions of a topic end."""

from confluent_kafka import Consumer, KafkaException, TopicPartition

from ports.errors import BrokerError

from .settings import KafkaSettings


def end_offsets(settings: KafkaSettings, topic: str) -> dict[int, int]:
    """Give, by partition, the offset that the next record gets. Raises BrokerError when the cluster does not answer in time."""
    # A group is needed to ask, never joined.
    consumer = Consumer(
        {**settings.client(), "bootstrap.servers": settings.bootstrap_servers, "group.id": "tapeline-offsets"}
    )
    try:
        partitions = consumer.list_topics(topic, timeout=settings.connect_timeout_s).topics[topic].partitions
        return {
            partition: consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=settings.connect_timeout_s, cached=False
            )[1]
            for partition in partitions
        }
    except (KafkaException, KeyError) as error:
        raise BrokerError(f"Kafka at {settings.bootstrap_servers} did not say where {topic} ends: {error}") from error
    finally:
        consumer.close()
