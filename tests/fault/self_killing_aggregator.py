"""The aggregator as it is, but that it kills itself, with its JVM, right after a write has returned and before its micro-batch is committed.

    python -m tests.fault.self_killing_aggregator trades:2 [the aggregator's own arguments]

`trades:2` is the second write of raw trades to Cassandra, `letters:1` the first of dead letters to Kafka, `candles:3` the third of candles,
`revisions:1` the first of restatements; `before-candles:3` is the moment in which that would begin.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

if not __package__:  # under spark-submit
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.spark import candles, queries, revisions, trades
from apps.runtime.commands import run
from apps.spark.aggregation import aggregator

_TABLES = {"trades": trades.TABLE, "candles": candles.TABLE, "revisions": revisions.TABLE}


def _dying(write: Callable[..., None], table: str | None, last: int, *, before: bool) -> Callable[..., None]:
    """Write, and die at the beginning or at the return of write number `last` to the table; None stands for what has no table."""
    count = itertools.count(1)

    def write_and_die(*arguments: Any, **named: Any) -> None:
        dies = arguments[2:] == (() if table is None else (table,)) and next(count) == last
        if not (dies and before):
            write(*arguments, **named)
        if dies:
            os.killpg(os.getpgid(0), signal.SIGKILL)

    return write_and_die


def main() -> None:
    """Take the moment off the arguments, and run the aggregator."""
    moment, last = sys.argv.pop(1).split(":")
    what = moment.removeprefix("before-")
    name = "write_dead_letters" if what == "letters" else "write_rows"
    setattr(queries, name, _dying(getattr(queries, name), _TABLES.get(what), int(last), before=what != moment))
    run(aggregator, "tapeline aggregator")


if __name__ == "__main__":
    main()
