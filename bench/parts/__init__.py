"""The measurements: one module each, with `run(rounds, progress)`, which returns a section of the page."""
