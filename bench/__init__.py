"""Measurements of what a trade costs, beside the bounds and the peers, on this machine: `python -m bench --help`.

1. What is compared is run in turns: each round runs every path once, and ratios are taken within a round. Absolute figures of a shared machine
   mean little; ratios of one round mean something.
2. Each path is a process of its own (`bench.programs`, `bench.peers`) that reads the same seeded trades and reports items, wall seconds and CPU
   seconds of the part that is measured. Its warm-up is left out.
3. A part's results are a section of `docs/performance.md`, written between markers together with the command, the machine and the date.
"""
