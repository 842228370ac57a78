"""Finnhub's WebSocket: the live feed, its protocol, and the replay of recorded frames."""
