"""The rules of market trades, pure: no clock, no I/O, no logging, no environment, no metrics.

Everything here is a frozen value, a total function, or a small state machine whose caller passes the events and the time.
It needs the standard library and attrs alone, so that any service can embed it.
"""
