"""The servers of a stack: configuration, start command and readiness check of each."""
