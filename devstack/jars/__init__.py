"""The jars of the servers: a lock file of Maven coordinates and hashes, and a cache that the jars are downloaded into."""

from .fetch import classpath, ensure

__all__ = ["classpath", "ensure"]
