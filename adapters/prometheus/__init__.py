"""Prometheus: decorators that measure the calls of a port. docs/metrics.md lists every metric.

1. A decorator keeps every promise of the port that it wraps, and only adds metrics.
2. The registry is passed in. Nothing here registers on its own, serves HTTP or reads a setting.
3. No label holds a symbol.
4. A metric that changes with every trade is updated without a lock, by the one thread that uses the port: see `tally`.
"""
