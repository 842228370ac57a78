"""The jars of the servers: a lock file with Maven coordinates and hashes, and a cache of downloaded jars."""

from .fetch import classpath, ensure

__all__ = ["classpath", "ensure"]
