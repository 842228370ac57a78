"""The servers' own tools, for the servers of a stack: Cassandra's nodetool and Kafka's command-line tools."""
