"""The servers of a stack: how each is configured, started and asked whether it is ready."""
