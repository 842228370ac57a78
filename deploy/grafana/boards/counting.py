"""Rates of counters over the instances that the reader chose."""

from .board import INSTANCE


def rate(metric: str, by: str = "", more: str = "") -> str:
    """Sum a counter's rate over the instances chosen."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{{INSTANCE}{more}}}[$__rate_interval]))"
