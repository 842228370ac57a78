"""Less frequent garbage collection, for programs that handle many small objects.

Trades form no reference cycles: Python frees them when the last reference is gone, without the collector. The collector still runs after every 700 new
objects, and visits those that wait for an acknowledgement again and again. That took a fifth of the producer's time.
"""

import gc
from typing import Final

OBJECTS: Final = 20_000
"""New objects between two collections of the youngest generation."""


def tune_gc() -> None:
    """Collect once, exempt all objects that exist now, and collect new objects less often. Call it when everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 10, 10)
