"""Where the partitions of a topic end."""

from confluent_kafka import Consumer, KafkaException, TopicPartition

from ports.errors import BrokerError

from .settings import KafkaSettings


def end_offsets(settings: KafkaSettings, topic: str) -> dict[int, int]:
    """Return, by partition, the offset of the next record. Raise BrokerError when the cluster does not answer in time."""
    # A consumer needs the name of a group; this one never joins it.
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
        raise BrokerError(
            f"Kafka at {settings.bootstrap_servers} did not report the end offsets of {topic}: {error}"
        ) from error
    finally:
        consumer.close()
