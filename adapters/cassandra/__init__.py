"""Cassandra, by cassandra-driver: the schema, the session, and the stores of trades, candles and events."""
