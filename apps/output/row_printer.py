"""Rows on standard output, as a table, CSV or JSON lines."""

import itertools
import os
import sys
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from .tables import NUMBERS, Row, write_csv, write_jsonl

_NEVER_CUT: Final = 10_000


class _TableConsole(Console):
    """A console that leaves a broken pipe to the caller. Rich would end the program with exit code 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_rows(rows: Iterable[Row], columns: tuple[str, ...], form: str, limit: int | None) -> int:
    """Write rows to standard output as a table, CSV or JSON lines, and return their number. A reader that ends early, such as `head`, ends the program."""
    rows = itertools.islice(rows, limit)
    try:
        if form == "csv":
            count = write_csv(sys.stdout, columns, rows)
        elif form == "json":
            count = write_jsonl(sys.stdout, rows)
        else:
            count = _show_table(rows, columns)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at its end, and that must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    return count


def _show_table(rows: Iterable[Row], columns: tuple[str, ...]) -> int:
    table = Table()
    for name in columns:
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(row[name] for name in columns))
    if table.row_count:
        # Digits cut off to fit a narrow terminal would be wrong ones.
        _TableConsole(width=None if sys.stdout.isatty() else _NEVER_CUT, markup=False, highlight=False).print(table)
    return table.row_count
