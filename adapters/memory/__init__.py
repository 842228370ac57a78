"""The ports in memory: the same promises without servers, for `tapeline live`, for tests and for embedding."""
