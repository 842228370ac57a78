"""The composition root: which adapter stands behind which port, a container for each program.

- `long_running` has the programs that keep running, `commands` those that end on their own, `shared` what several programs need.
- Only this package joins adapters to ports, and only here is dependency_injector known.
- A container is made from the settings of its program. A test overrides a provider to put another adapter in its place.
- An adapter is named by its path and loaded when a program first asks for it: a program starts without the drivers that it does not use, and runs where
  they are not installed. The annotation of a provider is the port.
- The programs `aggregator` and `reconcile` are not wired here. Their Python is a zip of pure Python that spark-submit takes along
  (`apps/package_spark.py`), and dependency_injector is compiled. They have one adapter a port, joined in `apps/spark`.
"""
