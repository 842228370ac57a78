"""Kafka behind the ports, by confluent-kafka: publisher, subscriber, and the creation of topics."""
