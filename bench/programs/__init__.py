"""The paths that are measured: each module is a program that does one thing with a file of frames, and reports how long that took."""
