"""The Spark program of `tapeline reconcile`, for `spark-submit apps/reconcile.py` as well as `python -m apps.reconcile`.

Like `apps/aggregator.py`, it corrects the path first. It runs `apps/spark/reconciliation.py`.
"""

import sys
from pathlib import Path

if not __package__:
    _here = Path(__file__).resolve().parent
    # Modules in apps/ must not hide installed packages of the same name.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != _here]
    if (_here / "__init__.py").is_file():
        # The first folder that is no package: apps/ lies in a checkout, or in a package of an installed tapeline.
        sys.path.insert(0, str(next(folder for folder in _here.parents if not (folder / "__init__.py").is_file())))

from apps.runtime.commands import run
from apps.spark.reconciliation import reconcile

if __name__ == "__main__":
    run(reconcile, "tapeline reconcile")
