"""The ports in memory: real behaviour without servers, for the embedded default, for tests and for embedding."""
