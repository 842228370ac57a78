"""The measurements, one module each: `run(rounds, progress)` measures and returns a section of the page."""
