"""Other stream processors that do the same work, each in an environment of its own: `scripts` run in those, `requirements` pin their packages."""
