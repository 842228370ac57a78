"""What every program needs to run: commands, logs, signals, child processes, the Spark session, garbage collection."""
