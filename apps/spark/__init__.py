"""The two Spark programs: the streaming aggregator and the batch reconciliation."""
