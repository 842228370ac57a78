"""The Spark program of `tapeline reconcile`, for `spark-submit apps/reconcile.py` as well as `python -m apps.reconcile`.

As with `apps/aggregator.py`, the path is put right first; what it runs is `apps/spark/reconciliation.py`.
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
from apps.spark.reconciliation import reconcile

if __name__ == "__main__":
    run(reconcile, "tapeline reconcile")
