"""The measured processes: each module is a program that does one kind of work and prints a report of its run, or serves one that does."""
