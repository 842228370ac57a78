"""Cassandra, by cassandra-driver: schema, session, and the stores of trades and candles."""
