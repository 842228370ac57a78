"""Real Kafka and Cassandra on this machine, from jars, without Docker: `python -m devstack up`."""
