"""The live page and the read API: an ASGI app that reads through the store ports, so it works with every adapter.

One poller reads the store for all subscribers and keeps the latest candles. Each subscriber has a queue in which a newer candle replaces an older
one of the same window: a slow subscriber misses intermediate states, never the latest one, and uses no more memory than the latest candles do.
"""
