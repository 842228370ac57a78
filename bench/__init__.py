"""Benchmarks: the cost of a trade in each component, compared with lower bounds and with other products: `python -m bench --help`.

1. Variants of the same work run in turns: each round runs every variant once, and ratios compare runs of the same round. On a shared machine
   absolute figures vary from round to round; ratios within a round vary less.
2. Each variant is a process of its own (`bench.programs`, `bench.peers`). It reads the same seeded trades and reports items, wall seconds and
   CPU seconds of the measured part. Its warm-up is excluded.
3. The results of a part are one section of `docs/performance.md`, between markers, with the command, the machine and the date.

`parts` holds the measurements, `harness` what they share, `programs` the measured processes, `peers` the other products and `report` the page.
Imports go from `parts` to `report` to `harness`.
"""
