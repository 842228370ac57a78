"""Run real Kafka and Cassandra servers on this machine, from jars and without Docker: `python -m devstack up`."""
