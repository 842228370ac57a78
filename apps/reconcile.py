"""The Spark program of `tapeline reconcile`, for `spark-submit apps/reconcile.py` as well as `python -m apps.reconcile`.

Like `apps/aggregator.py`, it corrects the path first. It runs `apps/spark/reconciliation.py`.
"""

import sys
from pathlib import Path

if not __package__:
    _here = Path(__file__).resolve().parent
    # Modules in apps/ must not hide installed packages of the same name.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != _here]
    if (_here.parent / "adapters").is_dir():
        sys.path.insert(0, str(_here.parent))

from apps.runtime.commands import run
from apps.spark.reconciliation import reconcile

if __name__ == "__main__":
    run(reconcile, "tapeline reconcile")
