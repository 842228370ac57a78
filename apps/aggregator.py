"""The Spark program of `tapeline aggregator`, for `spark-submit apps/aggregator.py` as well as `python -m apps.aggregator`.

Run as a file, Python looks for modules beside it and not beside `apps/`. So the path is put right first, and this file imports by full names; what
it runs is `apps/spark/aggregation.py`. From --py-files all of it is on the path already.
"""

import sys
from pathlib import Path

if not __package__:
    _here = Path(__file__).resolve().parent
    # Names of modules in apps/ must not stand before those of installed packages.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != _here]
    if (_here.parent / "adapters").is_dir():
        sys.path.insert(0, str(_here.parent))

from apps.runtime.commands import run
from apps.spark.aggregation import aggregator

if __name__ == "__main__":
    run(aggregator, "tapeline aggregator")
