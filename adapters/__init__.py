"""Adapters: one outside system each, behind a port. None imports another."""
