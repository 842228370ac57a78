"""The rules of market trades, pure: no clock, no I/O, no logging, no environment, no metrics.

Everything here is a frozen value, a total function, or a small state machine that is told what happened and what time it is.
It needs the standard library and attrs alone, so that any service can embed it.
"""
