"""Code shared by the parts: the workload, the variants and their runs, the pipeline under load, and its observation."""
