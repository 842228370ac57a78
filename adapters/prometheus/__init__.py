"""Prometheus: decorators that measure what goes through a port. docs/metrics.md lists every metric.

1. A decorator keeps every promise of the port that it stands before; it adds figures and takes nothing away.
2. The registry is passed in. Nothing here registers by itself, serves HTTP or reads a setting.
3. No label holds a symbol.
4. What is counted once a trade is counted without a lock, by the one thread that the port belongs to: see `tally`.
"""
