"""What the parts share: the workload, the runs of variants, the pipeline under load, and what is observed of it."""
